import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Dialect } from "@pombo/domain";
import { eventually } from "../eventually.ts";
import { type OutsideProcess, startOutside } from "../outside-process.ts";
import { pairDevice } from "../pair-devices.ts";
import { Pombo, QUICK } from "../pombo.ts";

/** An answer as it came over the wire. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asking {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of another API process than the supervisor's. */
  readonly url?: string;
}

/** A paired device and a key that is bound to it, with every scope that a device needs. */
export interface Bound {
  readonly id: string;
  readonly phone: string;
  readonly key: string;
}

export interface Sending {
  readonly to?: string;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
}

export interface Stage extends AsyncDisposable {
  readonly pombo: Pombo;
  /** The sandbox device, for what leaves it as it was. */
  readonly device: Bound;
  /** A device of its own, for what does not; gone with `clear`. */
  freshDevice(): Promise<Bound>;
  /** Paired while there was a worker, for when there is none. */
  readonly spares: Bound[];
  clear(): Promise<void>;
  /** A key of the installation's with these scopes, bound to a device or to none. */
  addKey(scopes: readonly string[], device?: string): Promise<string>;
  /** A recipient that nobody else writes to. */
  someone(): string;
  ask(method: string, path: string, init?: Asking): Promise<Answered>;
  /** A text in a dialect, waiting for the outcome. */
  send(dialect: Dialect, from: Pick<Bound, "id" | "key">, sending?: Sending): Promise<Answered>;
  /** The code that a process logged for an answer. */
  loggedCode(answer: Answered): Promise<string | undefined>;
  outside(app: "api" | "worker", env: Readonly<Record<string, string>>): Promise<OutsideProcess>;
}

const SCOPES = ["messages:send", "messages:read", "devices:manage"] as const;

/** The whole product, with times that are short; retries come at once. */
export async function openStage(): Promise<Stage> {
  const opened = new AsyncDisposableStack();
  const env = {
    ...QUICK,
    POMBO_BACKOFF_SCALE_PERCENT: "0",
    POMBO_QUERY_TIMEOUT_MS: "1500",
    POMBO_OPEN_TIMEOUT_MS: "5000",
    POMBO_EVENTS_KEPT_MS: "15000",
  };
  const pombo = opened.use(await Pombo.start({ env, args: ["--no-restart"] }));
  let numbers = 0;
  const fresh: string[] = [];
  const next = (): string => String((numbers += 1)).padStart(4, "0");
  const addKey = async (scopes: readonly string[], device?: string): Promise<string> => {
    const grant =
      device === undefined ? { devices: "*" } : { devices: [device], device_id: device };
    const body = { name: "every code", scopes, ...grant };
    const made = await pombo.api<{ key: string }>("POST", "/v1/api-keys", body);
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
    return made.body.key;
  };
  const { device_id: id, phone, api_key: adminKey, api_url: apiUrl } = pombo.ready;
  const stage: Stage = {
    pombo,
    device: { id, phone, key: await addKey(SCOPES, id) },
    async freshDevice() {
      const paired = await pairDevice(pombo, `553190001${next()}`);
      fresh.push(paired.id);
      return { ...paired, key: await addKey(SCOPES, paired.id) };
    },
    spares: [],
    async clear() {
      const mine = new Set(stage.spares.map((spare) => spare.id));
      const ids = fresh.splice(0).filter((one) => !mine.has(one));
      await Promise.all(ids.map((one) => pombo.api("DELETE", `/v1/devices/${one}`)));
      await pombo.control("DELETE", "/admin/faults");
    },
    addKey,
    someone: () => `551191000${next()}`,
    async ask(method, path, { key = adminKey, headers = {}, body, url = apiUrl } = {}) {
      const sent = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: sent }),
      });
      const text = await response.text();
      const parsed = JSON.parse(text) as Answered["body"];
      return { status: response.status, headers: response.headers, text, body: parsed };
    },
    send(dialect, from, { to = stage.someone(), text = "hello", headers = {}, url } = {}) {
      const where = url === undefined ? {} : { url };
      if (dialect === "wuts")
        return stage.ask("POST", "/send/text", {
          ...where,
          key: from.key,
          headers,
          body: { number: to, text },
        });
      if (dialect === "session")
        return stage.ask("POST", "/api/v1/messages/text", {
          ...where,
          key: from.key,
          headers,
          body: { to, message: text },
        });
      return stage.ask("POST", "/v1/messages", {
        ...where,
        headers: { prefer: "wait=30", ...headers },
        body: { from: from.id, to, text },
      });
    },
    loggedCode: (answer) => findCode(join(pombo.data, "logs"), answer),
    outside: (app, over) => startOutside(pombo, app, over),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
  return stage;
}

/** The line that tells the request is written a moment after its answer. */
async function findCode(folder: string, { headers }: Answered): Promise<string | undefined> {
  const request = headers.get("x-request-id") ?? "none";
  const line = await eventually(
    async () => {
      const files = (await readdir(folder)).filter((name) => name.includes("api"));
      const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
      return texts
        .flatMap((text) => text.split("\n"))
        .find((one) => one.includes(request) && one.includes("request.answered"));
    },
    (found) => found !== undefined,
    5_000,
  );
  return (JSON.parse(line ?? "{}") as { error_code?: string }).error_code;
}

/** A key that makes a request unlike every other. */
export function onceKey(): string {
  return `once-${randomBytes(6).toString("hex")}`;
}
