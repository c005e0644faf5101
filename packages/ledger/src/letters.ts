import { ENTRANCES, type MessageContent, type MessageId, type Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { originList } from "./attempts.ts";
import { carriedBy, carriedText } from "./media.ts";
import type { Run } from "./scripts.ts";

export type Redriven =
  | { readonly kind: "redriven"; readonly version: number }
  | { readonly kind: "not-a-letter" }
  /** It may have left: under its id it can only be sent as it was. */
  | { readonly kind: "possible" }
  /** It may have left under another phone number: only evidence can settle it. */
  | { readonly kind: "other-identity" }
  | { readonly kind: "no-device" }
  | { readonly kind: "absent" };

/** Where a page of letters goes on: time of failure and id of the last one seen. */
export interface LetterCursor {
  readonly at: number;
  readonly id: string;
}

/** Dead letters: the index of failed messages that may be sent again, written by settle. */
export interface Letters {
  /** Newest first; `before` goes on behind an earlier page. */
  letterIds(page: {
    readonly before?: LetterCursor;
    readonly limit: number;
  }): Promise<readonly LetterCursor[]>;
  countLetters(): Promise<number>;
  isLetter(id: MessageId): Promise<boolean>;
  redrive(id: MessageId, now: number, edited?: MessageContent): Promise<Redriven>;
  /**
   * Under which id the content of a letter is sent anew: the one given, or the one that was given first; undefined when it is no letter
   * and never had one.
   */
  nameHeir(id: MessageId, heir: MessageId): Promise<MessageId | undefined>;
  /** False when it is no letter. */
  discardLetter(id: MessageId): Promise<boolean>;
  trimLetters(now: number, limit: number): Promise<number>;
}

export function letters({
  redis,
  keys,
  run,
  settings,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}): Letters {
  return {
    async letterIds({ before, limit }) {
      const max = before === undefined ? "+inf" : String(before.at);
      // Letters of one instant are sorted by id; those that the page before has shown are skipped.
      const extra = before === undefined ? 0 : await redis.zcount(keys.letters(), max, max);
      const flat = await redis.zrevrangebyscore(
        keys.letters(),
        max,
        "-inf",
        "WITHSCORES",
        "LIMIT",
        0,
        limit + extra,
      );
      const found: LetterCursor[] = [];
      for (let at = 0; at < flat.length; at += 2)
        found.push({ id: flat[at] ?? "", at: Number(flat[at + 1]) });
      const rest =
        before === undefined
          ? found
          : found.filter(({ at, id }) => at < before.at || id < before.id);
      return rest.slice(0, limit);
    },
    countLetters: () => redis.zcard(keys.letters()),
    async isLetter(id) {
      return (await redis.zscore(keys.letters(), id)) !== null;
    },
    async redrive(id, now, edited) {
      const body = edited === undefined ? "" : JSON.stringify(edited);
      const origins = originList(ENTRANCES.queued.redrive);
      const carried = edited && carriedBy(edited);
      const carries = carried === undefined ? "" : carriedText(carried);
      const reply = (await run("redrive", id, now, body, origins, carries)) as [
        Redriven["kind"],
        number?,
      ];
      return reply[0] === "redriven"
        ? { kind: "redriven", version: Number(reply[1]) }
        : { kind: reply[0] };
    },
    async nameHeir(id, heir) {
      const named = String(await run("name-heir", id, heir));
      return named === "" ? undefined : (named as MessageId);
    },
    async discardLetter(id) {
      return (await run("discard-letter", id)) === 1;
    },
    async trimLetters(now, limit) {
      return Number(await run("trim-letters", now - settings.letter_kept_ms, limit));
    },
  };
}
