import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment } from "./config.ts";

/** What `npm start` writes when everything stands. */
export interface Ready {
  readonly api_url: string;
  readonly api_urls: readonly string[];
  readonly api_key: string;
  readonly device_id: string;
  readonly phone: string;
  readonly simulator_url: string;
  readonly control_url: string;
  readonly redis_url: string;
  readonly pids: {
    readonly api: readonly number[];
    readonly worker: readonly number[];
    readonly notifier: readonly number[];
    readonly redis: number;
    readonly simulator: number;
  };
}

export interface Message {
  readonly message_id: string;
  readonly status: string;
  readonly status_version: number;
  readonly attempts: number;
  readonly blocked_by: string | null;
  readonly eta: string | null;
  readonly last_error: { readonly error_code: string } | null;
  readonly timeline: readonly { readonly status: string; readonly error_code?: string }[];
}

export interface Device {
  readonly device_id: string;
  readonly state: string;
  readonly cause?: string | null;
}

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

const ROOT = join(import.meta.dirname, "..");
const READY_WITHIN_MS = 180_000;

/** Times that let a test see in seconds what takes minutes in production. */
export const QUICK: Readonly<Record<string, string>> = {
  POMBO_ACK_WAIT_MS: "700",
  POMBO_RECONCILE_GRACE_MS: "400",
  POMBO_RECONNECT_GAP_MS: "500",
  POMBO_RECONNECT_BASE_MS: "100",
  POMBO_RECONNECT_CAP_MS: "500",
  POMBO_REPLACED_WAIT_MS: "300",
  POMBO_BACKOFF_SCALE_PERCENT: "5",
  POMBO_THROTTLE_MS: "1500",
  POMBO_HOLD_MS: "1500",
  POMBO_SWEEP_MS: "200",
  POMBO_LEASE_TTL_MS: "6000",
  POMBO_LEASE_RENEW_MS: "1000",
  POMBO_CUT_OFF_SPREAD_MS: "2000",
};

/** The whole product as a person runs it, in a data folder of its own. */
export class Pombo implements AsyncDisposable {
  readonly data: string;
  /** As it was when everything stood; {@link Pombo.living} tells who lives now. */
  readonly ready: Ready;
  /** What it was started with beside the environment of the test. */
  readonly env: Readonly<Record<string, string>>;
  readonly said: () => string;
  readonly #supervisor: ChildProcess;
  readonly #keepsData: boolean;

  private constructor(start: {
    readonly data: string;
    readonly ready: Ready;
    readonly env: Readonly<Record<string, string>>;
    readonly supervisor: ChildProcess;
    readonly said: () => string;
    readonly keepsData: boolean;
  }) {
    this.data = start.data;
    this.ready = start.ready;
    this.env = start.env;
    this.said = start.said;
    this.#supervisor = start.supervisor;
    this.#keepsData = start.keepsData;
  }

  static async start(
    options: {
      readonly data?: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<Pombo> {
    const data = options.data ?? (await mkdtemp(join(tmpdir(), "pombo-e2e-")));
    const readyFile = join(data, "ready.json");
    await mkdir(data, { recursive: true });
    await rm(readyFile, { force: true });
    const supervisor = spawn(
      process.execPath,
      [
        "apps/cli/src/main.ts",
        "up",
        "--port",
        "0",
        "--data",
        data,
        "--ready-file",
        readyFile,
        ...(options.args ?? []),
      ],
      {
        cwd: ROOT,
        env: { ...environment, ...options.env },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      },
    );
    let said = "";
    for (const stream of [supervisor.stdout, supervisor.stderr])
      stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ready = await untilReady(readyFile, supervisor, () => said);
    return new Pombo({
      data,
      ready,
      env: options.env ?? {},
      supervisor,
      said: () => said,
      keepsData: options.data !== undefined,
    });
  }

  /** The processes that live now: the supervisor brings back what died. */
  async living(): Promise<Ready["pids"]> {
    return ((await readReady(join(this.data, "ready.json"))) ?? this.ready).pids;
  }

  /** As Ctrl-C does; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const { exitCode, signalCode } = this.#supervisor;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const exited = once(this.#supervisor, "exit");
    this.#supervisor.kill("SIGINT");
    const [code] = (await exited) as [number | null];
    return code;
  }

  /** Everything dies at once. */
  async kill9(): Promise<void> {
    const { api, worker, notifier, redis, simulator } = await this.living();
    const exited = once(this.#supervisor, "exit");
    this.#supervisor.kill("SIGKILL");
    for (const pid of [...api, ...worker, ...notifier, simulator, redis]) killIfThere(pid);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (!this.#keepsData) await rm(this.data, { recursive: true, force: true });
  }

  async api<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(this.ready.api_url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.ready.api_key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      body: (await response.json()) as Body,
      headers: response.headers,
    };
  }

  /** The most memory that its processes ever had, in bytes. */
  async memory(): Promise<{ readonly api: number; readonly worker: number }> {
    const { api, worker } = await this.living();
    const [a, w] = await Promise.all([peaks(api), peaks(worker)]);
    return { api: a, worker: w };
  }

  async send(to: string, text: string, over: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.api<{ message_id: string }>("POST", "/v1/messages", {
      from: this.ready.device_id,
      to,
      text,
      ...over,
    });
    if (answer.status !== 202) throw new Error(`not accepted: ${JSON.stringify(answer.body)}`);
    return answer.body.message_id;
  }

  async message(id: string): Promise<Message> {
    return (await this.api<Message>("GET", `/v1/messages/${id}`)).body;
  }

  /** Long-polls until the message is as wanted. */
  async until(
    id: string,
    wanted: (message: Message) => boolean,
    withinMs = 20_000,
  ): Promise<Message> {
    const end = Date.now() + withinMs;
    let version = 0;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- each poll depends on the one before
      const { body } = await this.api<Message>(
        "GET",
        `/v1/messages/${id}?wait=1&after_version=${version}`,
      );
      if (wanted(body)) return body;
      if (Date.now() > end) throw new Error(`not in time: ${JSON.stringify(body)}`);
      version = body.status_version;
    }
  }

  async device(id: string): Promise<Device> {
    return (await this.api<Device>("GET", `/v1/devices/${id}`)).body;
  }

  async control<Body = unknown>(method: string, path: string, body?: unknown): Promise<Body> {
    const response = await fetch(this.ready.control_url + path, {
      method,
      ...(body === undefined
        ? {}
        : typeof body === "string"
          ? { body, headers: { "content-type": "text/plain" } }
          : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as Body;
  }

  fault(on: string, action: unknown, rest: Record<string, unknown> = {}): Promise<unknown> {
    return this.control("POST", "/admin/faults", { on, action, ...rest });
  }

  phoneMessages(number: string): Promise<readonly { id: string; text: string; copies: number }[]> {
    return this.control("GET", `/admin/phones/${number}/messages`);
  }
}

/** The highest resident set of these processes together, as the kernel remembers it. */
async function peaks(pids: readonly number[]): Promise<number> {
  const read = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/status`, "utf8")));
  const sizes = read.map((text) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]) * 1_024);
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function untilReady(
  file: string,
  supervisor: ChildProcess,
  said: () => string,
): Promise<Ready> {
  const stop = new AbortController();
  const exited = (): void => stop.abort(new Error(`ended before it was ready:\n${said()}`));
  supervisor.once("exit", exited);
  const timer = setTimeout(
    () => stop.abort(new Error(`not ready in time:\n${said()}`)),
    READY_WITHIN_MS,
  );
  try {
    const changes = watch(join(file, ".."), { signal: stop.signal });
    const early = await readReady(file);
    if (early !== undefined) return early;
    for await (const _ of changes) {
      const ready = await readReady(file);
      if (ready !== undefined) return ready;
    }
    throw new Error("the folder is gone");
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    supervisor.off("exit", exited);
  }
}

async function readReady(file: string): Promise<Ready | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Ready;
  } catch {
    return undefined;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
