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
  "announce",
  "await-media",
  "begin-attempt",
  "cancel",
  "change-device",
  "change-target",
  "claim-key",
  "close-lane",
  "close-message",
  "create-key",
  "create-operation",
  "delete-device",
  "discard-letter",
  "drop-lease",
  "drop-media",
  "edit-device",
  "ended-keys",
  "erase-credentials",
  "feed",
  "free-devices",
  "keep-media",
  "look-at",
  "media-ready",
  "move-generation",
  "name-heir",
  "open-lane",
  "pause-lane",
  "peek",
  "redrive",
  "renew-leases",
  "report-worker",
  "revoke-key",
  "serve-due",
  "settle",
  "step-operation",
  "store-answer",
  "take-lease",
  "take-over",
  "trim-letters",
  "use-media",
  "warm-up",
  "write-credentials",
] as const;

type ScriptName = (typeof NAMES)[number];

/** What some scripts share and the others need not carry. */
const PARTS: Readonly<Partial<Record<ScriptName, string>>> = {
  "discard-letter": "letter-actions",
  redrive: "letter-actions",
  "step-operation": "letter-actions",
};

/** Runs a script of this package by name. */
export type Run = (name: ScriptName, ...args: readonly ScriptArgument[]) => Promise<unknown>;

/** The settings that scripts read; they become part of the script's text. */
const IN_SCRIPTS = [
  "deaths_alone",
  "deaths_poisoned",
  "events_kept_ms",
  "idempotency_claim_ms",
  "idempotency_kept_ms",
  "probe_ms",
  "queue_time_ms",
  "reconcile_limit_ms",
  "settled_kept_ms",
  "target_wait_ms",
] as const;

export function loadScripts(redis: Redis, keys: Keys, settings: Settings): Run {
  const values = IN_SCRIPTS.map((name) => `${name} = ${settings[name]}`).join(", ");
  const before = [`local S = { ${values} }`, source("prelude")].join("\n");
  const scripts = new Map(
    NAMES.map((name) => {
      const part = PARTS[name];
      const own = part === undefined ? source(name) : `${source(part)}\n${source(name)}`;
      const text = `${before}\n${own}`;
      return [name, script(name, `${luaKeys(text)}\n${text}`)] as const;
    }),
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
