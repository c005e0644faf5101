import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "./config.ts";
import type { Pombo } from "./pombo.ts";

export type App = "worker" | "api";

/** A worker or an API beside those of the supervisor, so that a test may give it an environment of its own. */
export interface OutsideProcess extends AsyncDisposable {
  readonly pid: number;
  /** of an API */
  readonly url: string;
  /** Resolves with how it ended: the exit code, or the name of the signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  kill(signal: NodeJS.Signals): void;
}

const ROOT = join(import.meta.dirname, "..");

/** Resolves when the process says that it is ready, or has ended before. */
export async function startOutside(
  pombo: Pombo,
  app: App,
  env: Readonly<Record<string, string>> = {},
): Promise<OutsideProcess> {
  await using log = await open(join(pombo.data, "logs", `outside-${app}.log`), "a");
  const child = spawn(process.execPath, [`apps/${app}/src/main.ts`], {
    cwd: ROOT,
    env: { ...environment, ...(await surroundings(pombo)), ...pombo.env, ...env },
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${app} did not start`);
  const ended = endOf(child);
  const url = await Promise.race([readyUrl(child), ended.then(() => "")]);
  return {
    pid,
    url,
    ended,
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** What the supervisor tells its own. */
async function surroundings(pombo: Pombo): Promise<Record<string, string>> {
  const trust = await pombo.control<{ root_key: string; ca: string }>("GET", "/admin/trust");
  const media = join(pombo.data, "media");
  return {
    POMBO_ENV: "development",
    POMBO_REDIS_URL: pombo.ready.redis_url,
    POMBO_WHATSAPP_URL: pombo.ready.simulator_url,
    POMBO_WHATSAPP_ROOT_KEY: trust.root_key,
    POMBO_WHATSAPP_CA: trust.ca,
    POMBO_MEDIA_FOLDER: media,
    TMPDIR: join(media, "incoming"),
    POMBO_CREDENTIALS_KEY: (await readFile(join(pombo.data, "credentials-key"), "utf8")).trim(),
    POMBO_WORKER_ID: "worker-outside",
    POMBO_HOST: "127.0.0.1",
    POMBO_PORT: "0",
  };
}

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal ?? code;
}

async function readyUrl(child: ChildProcess): Promise<string> {
  const [message] = (await once(child, "message")) as [{ url?: string }];
  return message.url ?? "";
}
