import { type CellId, isCellId, readSettings, type Settings } from "@pombo/domain";
import { type MediaPlace, readMediaPlace } from "@pombo/media";
import { parseRedisAddress } from "@pombo/redis";
import { FAULT_POINTS, type FaultPoint, isFaultPoint } from "./fault-point.ts";

export interface Config {
  readonly redisUrl: string;
  readonly host: string;
  readonly port: number;
  readonly cell: CellId;
  /** Outside development, a Redis that may lose what was accepted is refused. */
  readonly env: "development" | "production";
  readonly media: MediaPlace;
  /** Pages of these origins may ask. */
  readonly corsOrigins: readonly string[];
  /** What a proxy says of a request's origin is believed. */
  readonly trustsProxy: boolean;
  readonly settings: Settings;
  /** Control API of the simulator; absent: WhatsApp itself is spoken to. */
  readonly sandboxUrl?: string;
  /** Where a test lets the process die. */
  readonly fault?: FaultPoint;
}

export type ReadConfig =
  | { readonly kind: "config"; readonly config: Config }
  | { readonly kind: "refused"; readonly reason: string };

/** The environment of this process. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Reads the configuration, or says in one sentence which variable is wrong. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ReadConfig {
  const given = (name: string, fallback: string): string => env[name] ?? fallback;
  const redisUrl = given("POMBO_REDIS_URL", "");
  const host = given("POMBO_HOST", "127.0.0.1");
  const port = given("POMBO_PORT", "3000");
  const cell = given("POMBO_CELL", "c0");
  const mode = given("POMBO_ENV", "production");
  if (!isRedisUrl(redisUrl))
    return refuse(
      "POMBO_REDIS_URL must be a redis://, rediss://, redis+sentinel:// or redis+cluster:// address",
    );
  if (!isPort(port)) return refuse("POMBO_PORT must be a port number from 0 to 65535");
  if (!isCellId(cell)) return refuse("POMBO_CELL must be a cell name, like c0");
  if (mode !== "development" && mode !== "production")
    return refuse("POMBO_ENV must be development or production");
  const read = readSettings(env);
  if (read.kind === "refused") return refuse(`${read.variable} must be a whole number`);
  const place = readMediaPlace(env);
  if (place.kind === "refused") return refuse(place.reason);
  const corsOrigins = given("POMBO_CORS_ORIGINS", "")
    .split(/[\s,]+/)
    .filter((part) => part !== "");
  if (!corsOrigins.every(isOrigin))
    return refuse(
      "POMBO_CORS_ORIGINS must be origins like https://app.example, with commas between",
    );
  const sandboxUrl = given("POMBO_SANDBOX_CONTROL_URL", "");
  if (sandboxUrl !== "" && !isOfThisMachine(sandboxUrl))
    return refuse(
      "POMBO_SANDBOX_CONTROL_URL must be an address of this machine, like http://127.0.0.1:4000",
    );
  const proxy = given("POMBO_TRUST_PROXY", "0");
  if (proxy !== "0" && proxy !== "1") return refuse("POMBO_TRUST_PROXY must be 0 or 1");
  const fault = given("POMBO_API_FAULT_POINT", "");
  if (fault !== "" && !isFaultPoint(fault))
    return refuse(`POMBO_API_FAULT_POINT must be one of ${FAULT_POINTS.join(", ")}`);
  const { settings } = read;
  const media = place.place;
  const where = { redisUrl, host, port: Number(port), cell, corsOrigins };
  const trustsProxy = proxy === "1";
  const sandbox = sandboxUrl === "" ? {} : { sandboxUrl };
  const config = { ...where, env: mode, trustsProxy, media, settings, ...sandbox } as const;
  if (fault !== "") return { kind: "config", config: { ...config, fault } };
  return { kind: "config", config };
}

function isRedisUrl(text: string): boolean {
  const kind = parseRedisAddress(text)?.kind;
  return kind === "server" ? /:\/\/./.test(text) && URL.canParse(text) : kind !== undefined;
}

/** Whoever reaches the simulator's control API moves its world: it is asked on this machine only. */
function isOfThisMachine(text: string): boolean {
  const url = URL.parse(text);
  const own = /^(?:127(?:\.[0-9]{1,3}){3}|localhost|\[::1\])$/;
  return url?.protocol === "http:" && own.test(url.hostname);
}

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function isPort(text: string): boolean {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535;
}

function refuse(reason: string): ReadConfig {
  return { kind: "refused", reason };
}
