import type { Settings } from "@pombo/domain";
import { type Keys, type Redis, runScript, script, type ScriptArgument } from "@pombo/redis";
import { readText, type ScriptText, textUnder } from "./script-text.ts";

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
  "count-anew",
  "count-receipt",
  "count-sign-in",
  "create-operation",
  "delete-device",
  "discard-letter",
  "drop-schema",
  "hold-schema",
  "note-schema",
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
  "message-from",
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
  "seek-messages",
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
  "redeliver-failed",
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
  "redeliver-failed": "endpoints",
  "replay-events": "endpoints",
  "resume-endpoint": "endpoints",
  "settle-delivery": "endpoints",
  "stop-endpoint": "endpoints",
  "trim-events": "endpoints",
};

/** Runs a script of this package by name. */
export type Run = (name: ScriptName, ...args: readonly ScriptArgument[]) => Promise<unknown>;

export interface Scripts {
  readonly run: Run;
  /** Loads what Redis doesn't know (a new server, or SCRIPT FLUSH), so that no message pays for it. Throws when it takes none. */
  readonly loadMissing: () => Promise<void>;
}

export function openScripts(redis: Redis, keys: Keys, settings: Settings): Scripts {
  const scripts = new Map(
    texts().map(([name, text]) => [name, script(name, textUnder(text, settings))] as const),
  );
  return {
    async run(name, ...args) {
      const found = scripts.get(name);
      if (found === undefined) throw new Error(`no script is called ${name}`);
      return runScript(redis, found, keys.tag, args);
    },
    async loadMissing() {
      const all = [...scripts.values()];
      const loaded = (await redis.script("EXISTS", ...all.map(({ sha }) => sha))) as number[];
      const missing = all.filter((_, index) => loaded[index] !== 1);
      await Promise.all(missing.map(({ source }) => redis.script("LOAD", source)));
    },
  };
}

let known: readonly (readonly [ScriptName, ScriptText])[] | undefined;

/** Read once in a process, all together: what is deployed later must not mix with it. */
function texts(): NonNullable<typeof known> {
  known ??= NAMES.map((name) => [name, readText(name, ["prelude", ...[PARTS[name] ?? []].flat()])]);
  return known;
}
