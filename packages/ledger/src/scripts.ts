import { readFileSync } from "node:fs";
import type { Settings } from "@pombo/domain";
import {
  type Keys,
  luaKeys,
  type Redis,
  runScript,
  script,
  type ScriptArgument,
} from "@pombo/redis";

const NAMES = [
  "accept",
  "begin-attempt",
  "change-device",
  "claim-key",
  "close-lane",
  "drop-lease",
  "erase-credentials",
  "feed",
  "open-lane",
  "peek",
  "renew-leases",
  "serve-due",
  "settle",
  "store-answer",
  "take-lease",
  "take-over",
  "write-credentials",
] as const;

type ScriptName = (typeof NAMES)[number];

/** Runs a script of this package by name. */
export type Run = (name: ScriptName, ...args: readonly ScriptArgument[]) => Promise<unknown>;

/** The settings that scripts read; they become part of the script's text. */
const IN_SCRIPTS = [
  "events_kept_ms",
  "idempotency_claim_ms",
  "idempotency_kept_ms",
  "pace_gap_ms",
] as const;

export function loadScripts(redis: Redis, keys: Keys, settings: Settings): Run {
  const values = IN_SCRIPTS.map((name) => `${name} = ${settings[name]}`).join(", ");
  const before = [luaKeys(), `local S = { ${values} }`, source("prelude")].join("\n");
  const scripts = new Map(
    NAMES.map((name) => [name, script(name, `${before}\n${source(name)}`)] as const),
  );
  return async (name, ...args) => {
    const found = scripts.get(name);
    if (found === undefined) throw new Error(`no script is called ${name}`);
    return runScript(redis, found, keys.tag, args);
  };
}

function source(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), "utf8");
}
