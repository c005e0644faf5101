import { createHash } from "node:crypto";
import { type Priority, type Settings, stops, type SuppressionReason } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

export interface NewSuppression {
  /** Digits, or a group JID; `…@lid` of somebody whose number is hidden. */
  readonly recipient: string;
  readonly reason: SuppressionReason;
  readonly note?: string;
}

/** Somebody to whom nothing is sent. */
export interface SuppressionRecord extends NewSuppression {
  /** ms since the epoch */
  readonly at: number;
  /** The API key that added it, or the device that he wrote to; empty for who was erased. */
  readonly by: string;
  /** His data was erased: only a digest of the number is left. */
  readonly erased: boolean;
}

type AddedSuppression = "added" | "changed" | "already";

/** The suppression list of the cell: for all its devices. */
export interface Suppressions {
  /** What became of each. A manual entry takes the place of an opt-out; else what is there stays. */
  addSuppressions(
    suppressions: readonly NewSuppression[],
    how: { readonly by: string; readonly now: number },
  ): Promise<readonly AddedSuppression[]>;
  /** With the LID that belongs to it. False when neither is on the list. */
  removeSuppression(recipient: string, now: number): Promise<boolean>;
  /** Also by the LID that belongs to the number, and by the digest of who was erased. */
  findSuppression(recipient: string): Promise<SuppressionRecord | undefined>;
  /** Newest first; `next` is the cursor of the next page. Who was erased is not among them. */
  listSuppressions(page: {
    readonly before?: number;
    readonly limit: number;
  }): Promise<{ readonly found: readonly SuppressionRecord[]; readonly next?: number }>;
  /** Those of the recipients to whom a message of this priority must not be sent. */
  suppressedOf(recipients: readonly string[], priority: Priority): Promise<ReadonlySet<string>>;
}

interface SuppressionDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

/** What one script may add without holding up others. */
const TOGETHER = 500;

export function suppressions({ redis, keys, run, settings }: SuppressionDeps): Suppressions {
  const entries = (recipients: readonly string[]) => entriesOf(recipients, { redis, keys });
  /** The number, and the LID that belongs to it where that is known: either stops messages to it. */
  async function namesOf(recipient: string): Promise<readonly string[]> {
    const lid = (await redis.get(keys.recipient(recipient)))?.slice(2) ?? "";
    return lid === "" ? [recipient] : [recipient, lid];
  }
  return {
    async addSuppressions(wanted, { by, now }) {
      const results: AddedSuppression[] = [];
      for (let from = 0; from < wanted.length; from += TOGETHER) {
        const some = wanted.slice(from, from + TOGETHER);
        const rows = some.flatMap(({ recipient, reason, note = "" }) => [recipient, reason, note]);
        // oxlint-disable-next-line no-await-in-loop -- bounded steps, one after the other
        const told = (await run("add-suppressions", now, by, ...rows)) as AddedSuppression[];
        results.push(...told);
      }
      return results;
    },
    async removeSuppression(recipient, now) {
      return (await run("remove-suppression", now, ...(await namesOf(recipient)))) === 1;
    },
    async findSuppression(recipient) {
      return (await entries(await namesOf(recipient))).find((entry) => entry !== undefined);
    },
    async listSuppressions({ before, limit }) {
      const max = before === undefined ? "+inf" : `(${before}`;
      const range = [max, "-inf", "WITHSCORES", "LIMIT", 0, limit] as const;
      const flat = await redis.zrevrangebyscore(keys.suppressions(), ...range);
      const names = flat.filter((_, index) => index % 2 === 0);
      const found = (await entries(names)).filter((entry) => entry !== undefined);
      return names.length < limit ? { found } : { found, next: Number(flat.at(-1)) };
    },
    async suppressedOf(recipients, priority) {
      const found = await entries(recipients);
      const stopped = found.filter(
        (entry) => entry !== undefined && stops(entry.reason, priority, settings),
      );
      return new Set(stopped.map((entry) => entry?.recipient ?? ""));
    },
  };
}

/** What the list says of each; undefined where it says nothing. */
async function entriesOf(
  recipients: readonly string[],
  { redis, keys }: Pick<SuppressionDeps, "redis" | "keys">,
): Promise<readonly (SuppressionRecord | undefined)[]> {
  if (recipients.length === 0) return [];
  const [plain, salt] = await Promise.all([
    redis.hmget(keys.suppressed(), ...recipients),
    redis.hget(keys.sealed(), "salt"),
  ]);
  const sealed =
    salt === null
      ? []
      : await redis.hmget(keys.sealed(), ...recipients.map((one) => digest(salt, one)));
  return recipients.map((recipient, index) => {
    const [mine, erased] = [plain[index] ?? undefined, sealed[index] ?? undefined];
    const value = mine ?? erased;
    return value === undefined ? undefined : readEntry(recipient, value, mine === undefined);
  });
}

/** As the scripts make it. */
function digest(salt: string, recipient: string): string {
  return createHash("sha1")
    .update(salt + recipient)
    .digest("hex");
}

function readEntry(recipient: string, value: string, erased: boolean): SuppressionRecord {
  const [reason, at, by = "", ...note] = value.split("|");
  const words = note.join("|");
  return {
    recipient,
    reason: reason as SuppressionReason,
    at: Number(at),
    by,
    erased,
    ...(words === "" ? {} : { note: words }),
  };
}
