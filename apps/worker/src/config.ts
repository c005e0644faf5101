import { type CredentialKeys, parseCredentialKeys } from "@pombo/device";
import {
  type CellId,
  isCellId,
  OPT_OUT_KEYWORDS,
  readKeywords,
  readSettings,
  type Settings,
} from "@pombo/domain";
import { type MediaPlace, readMediaPlace } from "@pombo/media";
import { readMetricsPlace, type ReadMetricsPlace } from "@pombo/telemetry";
import { FAULT_POINTS, type ParsedFault, parseFault } from "./fault-point.ts";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

export interface Config {
  readonly redisUrl: string;
  readonly cell: CellId;
  readonly development: boolean;
  /** `<worker>#<start>`: the worker's name for life, and which start of it this is. */
  readonly owner: string;
  readonly credentialKeys: CredentialKeys;
  readonly whatsapp: { readonly url?: string; readonly rootKey?: string; readonly ca?: string };
  readonly media: MediaPlace;
  /** URLs of media may name our own machine: in development, when the environment says so. */
  readonly allowLoopback: boolean;
  /** Whoever writes one of these to a device opts out; empty: nobody does by writing. */
  readonly optOutKeywords: readonly string[];
  readonly settings: Settings;
  /** Where its metrics are served. */
  readonly metrics: Exclude<ReadMetricsPlace, { kind: "refused" }>;
  /** Where a test lets the process die. */
  readonly fault: ParsedFault;
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
    owner: `${env["POMBO_WORKER_ID"] ?? `${hostname()}-${process.pid}`}#${randomBytes(4).toString("hex")}`,
    credentialKeys: readKeys(env["POMBO_CREDENTIALS_KEY"] ?? ""),
    whatsapp: readWhatsApp(env),
    media: readPlace(env),
    allowLoopback: env["POMBO_ENV"] === "development" && env["POMBO_LOOPBACK_URLS"] === "1",
    optOutKeywords: readKeywords(env["POMBO_OPT_OUT_KEYWORDS"] ?? OPT_OUT_KEYWORDS.join(",")),
    settings: read.settings,
    metrics: readMetrics(env),
    fault: readFault(env["POMBO_FAULT_POINT"]),
  };
}

function readFault(text: string | undefined): ParsedFault {
  const fault = parseFault(text);
  if (fault.kind !== "refused") return fault;
  throw new Error(`POMBO_FAULT_POINT: no such point; there are ${FAULT_POINTS.join(", ")}`);
}

function readPlace(env: Env): MediaPlace {
  const read = readMediaPlace(env);
  if (read.kind === "place") return read.place;
  throw new Error(read.reason);
}

function readWhatsApp(env: Env): Config["whatsapp"] {
  const url = env["POMBO_WHATSAPP_URL"];
  const rootKey = env["POMBO_WHATSAPP_ROOT_KEY"];
  const ca = env["POMBO_WHATSAPP_CA"];
  return {
    ...(url === undefined ? {} : { url }),
    ...(rootKey === undefined ? {} : { rootKey }),
    ...(ca === undefined
      ? {}
      : { ca: ca.includes("BEGIN CERTIFICATE") ? ca : readFileSync(ca, "utf8") }),
  };
}

/** `id:base64[,id:base64]`, the current key first. */
function readKeys(text: string): CredentialKeys {
  const parsed = parseCredentialKeys(text);
  if (parsed.kind === "keys") return parsed.keys;
  throw new Error(`POMBO_CREDENTIALS_KEY: ${parsed.detail}`);
}

function readMetrics(env: Env): Config["metrics"] {
  const place = readMetricsPlace(env);
  if (place.kind === "refused") throw new Error(place.reason);
  return place;
}
