import { type CellId, isCellId, readSettings, type Settings } from "@pombo/domain";
import { readMetricsPlace, type ReadMetricsPlace } from "@pombo/telemetry";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

export interface Config {
  readonly redisUrl: string;
  readonly cell: CellId;
  /** Endpoints may be plain HTTP, and on our own network. */
  readonly development: boolean;
  /** `<notifier>#<start>`: the notifier's name for life, and which start of it this is. */
  readonly owner: string;
  readonly settings: Settings;
  /** Where its metrics are served. */
  readonly metrics: Exclude<ReadMetricsPlace, { kind: "refused" }>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The environment of this process. */
export function environment(): Env {
  return process.env;
}

/** Reads the environment; throws an error whose message says which variable to mend. */
export function readConfig(env: Env = process.env): Config {
  const read = readSettings(env);
  if (read.kind === "refused")
    throw new Error(`${read.variable} must be a whole number, not "${read.value}"`);
  const cell = env["POMBO_CELL"] ?? "c0";
  if (!isCellId(cell)) throw new Error(`POMBO_CELL must look like c0, not "${cell}"`);
  return {
    redisUrl: env["POMBO_REDIS_URL"] ?? "redis://127.0.0.1:6379",
    cell,
    development: env["POMBO_ENV"] === "development",
    owner: `${env["POMBO_NOTIFIER_ID"] ?? `${hostname()}-${process.pid}`}#${randomBytes(4).toString("hex")}`,
    settings: read.settings,
    metrics: readMetrics(env),
  };
}

function readMetrics(env: Env): Config["metrics"] {
  const place = readMetricsPlace(env);
  if (place.kind === "refused") throw new Error(place.reason);
  return place;
}
