import { setTimeout as pause } from "node:timers/promises";
import type { Keys, Redis } from "@pombo/redis";

/** What became of the messages of a round, read from the event log afterwards: nobody listens while the meters run. */
export interface RoundEvents {
  /** When the first proof that WhatsApp has it was written, by message id; ms since the epoch. */
  readonly provedAt: ReadonlyMap<string, number>;
  readonly read: number;
  readonly failed: number;
}

export interface EventLog {
  /** The cursor of the newest event. */
  end(): Promise<string>;
  /**
   * Resolves when so many messages since the cursor have all their events or at least their read receipt, or when none has come
   * for a while. Begin to wait before anything moves.
   */
  untilRead(cursor: string, messages: number, eventsEach: number): Promise<void>;
  since(cursor: string): Promise<RoundEvents>;
}

type Entry = [cursor: string, fields: string[]];

/** A receipt may overtake the ack: then there is no event for the ack. */
const PROOFS: ReadonlySet<string> = new Set(["message.sent", "message.delivered", "message.read"]);
const LOOK_MS = 50;
const PAUSE_MS = 200;
/** A hundred devices that all meet new contacts take seconds to their first acks. */
const QUIET_MS = 10_000;
const LONGEST_MS = 900_000;
const PAGE = 5_000;

export function openEventLog(redis: Redis, keys: Keys): EventLog {
  async function* entriesAfter(cursor: string): AsyncGenerator<Entry> {
    let after = cursor;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- page by page
      const page = (await redis.xrange(keys.events(), `(${after}`, "+", "COUNT", PAGE)) as Entry[];
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      [after] = last;
    }
  }
  const log: EventLog = {
    async end() {
      const [last] = await redis.xrevrange(keys.events(), "+", "-", "COUNT", 1);
      return last?.[0] ?? "0-0";
    },
    async untilRead(cursor, messages, eventsEach) {
      const goal = (await redis.xlen(keys.events())) + messages * eventsEach;
      const limit = performance.now() + LONGEST_MS;
      let length = 0;
      let grownAt = performance.now();
      let looked = false;
      while (performance.now() < Math.min(limit, grownAt + QUIET_MS)) {
        // oxlint-disable-next-line no-await-in-loop -- polls
        const now = await redis.xlen(keys.events());
        if (now >= goal) return;
        if (now > length) {
          grownAt = performance.now();
          looked = false;
        } else if (!looked && performance.now() - grownAt > PAUSE_MS) {
          looked = true;
          // oxlint-disable-next-line no-await-in-loop
          if ((await log.since(cursor)).read >= messages) return;
        }
        length = now;
        // oxlint-disable-next-line no-await-in-loop
        await pause(LOOK_MS);
      }
    },
    async since(cursor) {
      const proved = new Map<string, number>();
      let read = 0;
      let failed = 0;
      for await (const [id, fields] of entriesAfter(cursor)) {
        const type = valueOf(fields, "type");
        const message = valueOf(fields, "message");
        if (PROOFS.has(type) && !proved.has(message)) proved.set(message, Number(id.split("-")[0]));
        if (type === "message.read") read += 1;
        if (type === "message.failed") failed += 1;
      }
      return { provedAt: proved, read, failed };
    },
  };
  return log;
}

function valueOf(fields: readonly string[], name: string): string {
  return fields[fields.indexOf(name) + 1] ?? "";
}
