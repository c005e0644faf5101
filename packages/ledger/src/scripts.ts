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
  "add-suppressions",
  "admit",
  "announce",
  "await-media",
  "begin-attempt",
  "begin-erasure",
  "cancel",
  "change-device",
  "change-target",
  "claim-key",
  "close-lane",
  "close-message",
  "create-key",
  "count-receipt",
  "count-sign-in",
  "create-operation",
  "delete-device",
  "discard-letter",
  "drop-lease",
  "drop-media",
  "edit-device",
  "ended-keys",
  "end-erasure",
  "erase-credentials",
  "feed",
  "free-devices",
  "keep-media",
  "list-workers",
  "look-at",
  "media-ready",
  "move-erasure",
  "move-generation",
  "name-heir",
  "open-lane",
  "pause-lane",
  "peek",
  "receive",
  "redrive",
  "remove-suppression",
  "renew-leases",
  "replace-rows",
  "report-worker",
  "revoke-key",
  "serve-due",
  "settle",
  "step-erasure",
  "step-operation",
  "store-answer",
  "survey",
  "survey-waits",
  "take-lease",
  "take-lookups",
  "take-over",
  "trim-letters",
  "trim-outbox",
  "use-media",
  "warm-up",
  "weigh",
  "write-credentials",
  // Batches
  "append-chunk",
  "create-batch",
  "find-refs",
  "draw-rows",
  "forget-batch",
  "forget-chunk",
  "leave-batch",
  "move-batch",
  "postpone-batch",
  "sweep-batch",
  // Pools
  "create-pool",
  "delete-pool",
  "edit-pool",
  "find-ties",
  "return-pooled",
  "survey-pool",
  // Endpoints and their deliveries
  "begin-delivery",
  "create-endpoint",
  "delete-endpoint",
  "drop-reader",
  "edit-endpoint",
  "feed-deliveries",
  "redeliver",
  "replay-events",
  "resume-endpoint",
  "rotate-secret",
  "settle-delivery",
  "stop-endpoint",
  "take-reader",
  "trim-events",
] as const;

type ScriptName = (typeof NAMES)[number];

/** What some scripts share and the others need not carry. */
const PARTS: Readonly<Partial<Record<ScriptName, string | readonly string[]>>> = {
  "append-chunk": "batch-refs",
  "find-refs": "batch-refs",
  "move-batch": "batch-moves",
  "move-generation": "batch-moves",
  "discard-letter": ["pools", "letter-actions"],
  redrive: ["pools", "letter-actions"],
  "step-operation": ["pools", "letter-actions"],
  accept: "pools",
  "create-batch": "pools",
  "draw-rows": "pools",
  "change-device": "pools",
  "find-ties": "pools",
  "return-pooled": "pools",
  "survey-pool": "pools",
  "create-pool": "pools",
  "delete-pool": "pools",
  "edit-pool": "pools",
  "add-suppressions": "suppress",
  receive: "suppress",
  "begin-erasure": "suppress",
  "step-erasure": "suppress",
  "create-endpoint": "endpoints",
  "delete-device": ["endpoints", "pools", "batch-moves"],
  "delete-endpoint": "endpoints",
  "feed-deliveries": "endpoints",
  redeliver: "endpoints",
  "replay-events": "endpoints",
  "resume-endpoint": "endpoints",
  "settle-delivery": "endpoints",
  "stop-endpoint": "endpoints",
  "trim-events": "endpoints",
};

/** Runs a script of this package by name. */
export type Run = (name: ScriptName, ...args: readonly ScriptArgument[]) => Promise<unknown>;

/** The settings that scripts read; they become part of the script's text. */
const IN_SCRIPTS = [
  "batch_aside_rows",
  "batch_drawn_rows",
  "contact_lookups",
  "deaths_alone",
  "deaths_poisoned",
  "idempotency_claim_ms",
  "idempotency_kept_ms",
  "inbound_kept_ms",
  "overview_bucket_ms",
  "overview_kept_ms",
  "opt_out_spares_otp",
  "probe_ms",
  "queue_time_ms",
  "reconcile_limit_ms",
  "settled_kept_ms",
  "stick_kept_ms",
  "webhook_circuit_failures",
  "webhook_in_hand",
  "webhook_log_entries",
  "webhook_log_kept_ms",
  "webhook_parked_kept_ms",
  "webhook_parked_limit",
  "target_wait_ms",
] as const;

export function loadScripts(redis: Redis, keys: Keys, settings: Settings): Run {
  const scripts = new Map(
    NAMES.map((name) => {
      const library = ["prelude", ...[PARTS[name] ?? []].flat()].map(source).join("");
      const body = withDefinitions(library, source(name));
      const text = `${luaSettings(body, settings)}\n${body}`;
      return [name, script(name, `${luaKeys(text)}\n${text}`)] as const;
    }),
  );
  return async (name, ...args) => {
    const found = scripts.get(name);
    if (found === undefined) throw new Error(`no script is called ${name}`);
    return runScript(redis, found, keys.tag, args);
  };
}

/**
 * A script with the definitions of the library that it uses, and those that they use: each one costs every run of the script a little.
 * The library's definitions begin with `local` at the margin, with their comments above them; none redefines another's name.
 */
export function withDefinitions(library: string, own: string): string {
  const definitions = library.split(/^(?=(?:--.*\n)*local )/m).map((text) => {
    const name = /^local (?:function )?(\w+)/m.exec(text)?.[1];
    return { text, name: name === undefined ? undefined : new RegExp(`\\b${name}\\b`) };
  });
  let body = own;
  let code = withoutComments(own);
  for (const { text, name } of definitions.toReversed()) {
    if (name?.test(code) !== true) continue;
    body = `${text}\n${body}`;
    code = `${withoutComments(text)}\n${code}`;
  }
  return body;
}

function withoutComments(lua: string): string {
  return lua.replaceAll(/--.*$/gm, "");
}

/** The settings as the local table `S`: only those that the text uses, since each one costs every run a little. */
function luaSettings(text: string, settings: Settings): string {
  const used = IN_SCRIPTS.filter((name) => text.includes(`S.${name}`));
  return `local S = { ${used.map((name) => `${name} = ${settings[name]}`).join(", ")} }`;
}

function source(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), "utf8");
}
