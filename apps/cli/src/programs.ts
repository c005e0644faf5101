import { join } from "node:path";

import type { ChildSpec, ReadyMessage } from "./child.ts";
import type { Environment, UpConfig } from "./config.ts";
import type { DataFolder, Keys } from "./data-folder.ts";
import type { UpOptions, Whatsapp } from "./options.ts";

/** The main.ts of each process; tests put small ones in their place. */
export interface Programs {
  readonly api: string;
  readonly worker: string;
  readonly notifier: string;
  readonly simulator: string;
}

const APPS = join(import.meta.dirname, "..", "..");

export const PROGRAMS: Programs = {
  api: join(APPS, "api", "src", "main.ts"),
  worker: join(APPS, "worker", "src", "main.ts"),
  notifier: join(APPS, "notifier", "src", "main.ts"),
  simulator: join(APPS, "simulator", "src", "main.ts"),
};

/** What every child is told. */
export interface Stage {
  readonly options: UpOptions;
  readonly config: UpConfig;
  readonly programs: Programs;
  readonly folder: DataFolder;
  readonly keys: Keys;
  readonly redisUrl: string;
  readonly run: string;
}

export interface SimulatorPorts {
  readonly port: number;
  readonly tlsPort: number;
  /** Kept when the simulator comes back: the links in messages name it. */
  readonly mediaPort: number;
}

export function simulatorSpec(stage: Stage, ports: SimulatorPorts): ChildSpec {
  const { port, tlsPort, mediaPort } = ports;
  const web = ["--port", String(port), "--tls-port", String(tlsPort)];
  const where = [...web, "--media-port", String(mediaPort)];
  return {
    name: "simulator",
    file: stage.programs.simulator,
    args: [...where, "--data", stage.folder.simulator],
    environment: ourEnvironment(stage),
    logFile: join(stage.folder.logs, "simulator.log"),
  };
}

/** Known before it runs. */
export function controlUrlOf({ port }: SimulatorPorts): string {
  return `http://127.0.0.1:${port}`;
}

export function workerSpec(stage: Stage, index: number, whatsapp: Environment): ChildSpec {
  return {
    name: `worker ${index + 1}`,
    file: stage.programs.worker,
    args: [],
    environment: {
      ...ourEnvironment(stage),
      ...whatsapp,
      POMBO_CREDENTIALS_KEY: stage.keys.credentialsKey,
      POMBO_WORKER_ID: `worker-${index + 1}`,
      // Baileys' temporary files: a killed worker leaves them where its next sweep of media finds them.
      TMPDIR: stage.folder.incoming,
    },
    logFile: join(stage.folder.logs, `worker-${index + 1}.log`),
  };
}

export function notifierSpec(stage: Stage): ChildSpec {
  return {
    name: "notifier",
    file: stage.programs.notifier,
    args: [],
    environment: { ...ourEnvironment(stage), POMBO_NOTIFIER_ID: "notifier-1" },
    logFile: join(stage.folder.logs, "notifier.log"),
  };
}

export interface ApiPlace {
  readonly port: number;
  /** Of the simulator, when it is ours. */
  readonly controlUrl?: string;
}

export function apiSpec(stage: Stage, index: number, { port, controlUrl }: ApiPlace): ChildSpec {
  return {
    name: `api ${index + 1}`,
    file: stage.programs.api,
    args: [],
    environment: {
      ...ourEnvironment(stage),
      POMBO_HOST: stage.config.host,
      POMBO_PORT: String(port),
      ...(controlUrl === undefined ? {} : { POMBO_SANDBOX_CONTROL_URL: controlUrl }),
    },
    logFile: join(stage.folder.logs, `api-${index + 1}.log`),
  };
}

function ourEnvironment(stage: Stage): Environment {
  return {
    POMBO_ENV: "development",
    // Nothing stands before it that would have to notice.
    POMBO_DRAIN_MS: "0",
    POMBO_MEDIA_FOLDER: stage.folder.media,
    ...stage.config.environment,
    POMBO_REDIS_URL: stage.redisUrl,
    POMBO_RUN: stage.run,
  };
}

/** Which WhatsApp the workers speak to, as their environment says it. */
export function whatsappEnvironment(
  whatsapp: Whatsapp,
  simulator: ReadyMessage | undefined,
): Environment {
  if (whatsapp.kind === "other") return named(whatsapp.url, whatsapp.rootKey, whatsapp.ca);
  if (simulator === undefined) return {};
  return named(
    text(simulator, "simulator_url"),
    text(simulator, "root_key"),
    optionalText(simulator, "ca"),
  );
}

function named(url: string, rootKey: string, ca: string | undefined): Environment {
  return {
    POMBO_WHATSAPP_URL: url,
    POMBO_WHATSAPP_ROOT_KEY: rootKey,
    ...(ca === undefined ? {} : { POMBO_WHATSAPP_CA: ca }),
  };
}

/** A field that the child must have said when it was ready. */
export function text(message: ReadyMessage, field: string): string {
  const value = optionalText(message, field);
  if (value === undefined) throw new Error(`a child was ready without saying its ${field}`);
  return value;
}

function optionalText(message: ReadyMessage, field: string): string | undefined {
  const value = message[field];
  return typeof value === "string" ? value : undefined;
}
