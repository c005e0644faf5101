import { randomBytes } from "node:crypto";
import type { DeliveryState, EndpointId } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** One event for one endpoint: the endpoint, and the cursor of the event (or the name of a test). */
export interface DeliveryKey {
  readonly endpointId: EndpointId;
  readonly delivery: string;
}

/** What is to be delivered. */
export interface NewDelivery {
  readonly delivery: string;
  readonly type: string;
  readonly body: string;
}

export interface DeliveryRecord {
  readonly delivery: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** The last change, ms since the epoch. */
  readonly at: number;
  readonly nextAt?: number;
  /** What the last request was answered with. */
  readonly status?: number;
  /** Why it was not answered. */
  readonly reason?: string;
  readonly tookMs?: number;
  /** How the last answer began. */
  readonly excerpt?: string;
}

export type BegunDelivery =
  | {
      readonly kind: "post";
      readonly url: string;
      /** The present one first. */
      readonly secrets: readonly string[];
      readonly body: string;
      readonly type: string;
      /** Tries so far, this one included. */
      readonly tries: number;
      /** First tried, or resumed, whatever came later. */
      readonly since: number;
      /** How often in a row its circuit opened. */
      readonly opens: number;
    }
  | { readonly kind: "later"; readonly at: number }
  | { readonly kind: "busy"; readonly open: number }
  /** Its endpoint is not enabled: it waits in the ledger, without a job. */
  | { readonly kind: "shelved" }
  | { readonly kind: "ghost" };

export interface SettledDelivery extends DeliveryKey {
  readonly tries: number;
  readonly now: number;
  readonly verdict:
    | { readonly kind: "delivered" | "park" | "gone" }
    | { readonly kind: "retry"; readonly at: number };
  readonly status?: number;
  readonly reason?: string;
  readonly excerpt?: string;
  readonly tookMs: number;
  /** How long the endpoint is left alone if its circuit opens. */
  readonly restMs: number;
}

export interface Deliveries {
  /** The right to read the event log for the endpoints, taken or renewed; undefined when another has it. */
  takeReader(owner: string, ttlMs: number): Promise<number | undefined>;
  dropReader(owner: string): Promise<void>;
  /** Moves a cursor over events and opens deliveries, both or nothing; false when refused. */
  feedDeliveries(feed: {
    readonly endpointId: EndpointId;
    readonly epoch: number;
    readonly which: "cursor" | "replay";
    readonly from: string;
    readonly to: string;
    readonly now: number;
    readonly deliveries: readonly NewDelivery[];
  }): Promise<boolean>;
  /** Everything open, with the time of its next try where it has one. */
  openDeliveries(
    id: EndpointId,
  ): Promise<readonly { readonly delivery: string; readonly nextAt?: number }[]>;
  /** @param ends when the request is over at the latest, ms since the epoch */
  beginDelivery(
    key: DeliveryKey,
    at: { readonly now: number; readonly ends: number },
  ): Promise<BegunDelivery>;
  /** `stale`: it is not open, or another try has begun; nothing was written. */
  settleDelivery(settled: SettledDelivery): Promise<"waits" | "ended" | "stale">;
  /** Newest first; only the parked ones, or all that are shown. */
  listDeliveries(
    id: EndpointId,
    page: {
      readonly parked: boolean;
      /** At or before that time, ms since the epoch. */
      readonly before?: number;
      readonly offset: number;
      readonly limit: number;
    },
  ): Promise<readonly DeliveryRecord[]>;
  /** Opens a delivery, again or for the first time; without a body with the one that is kept. */
  redeliver(
    id: EndpointId,
    delivery: { readonly delivery: string; readonly type: string; readonly body?: string },
    now: number,
  ): Promise<"opened" | "no-endpoint" | "no-body">;
  /**
   * Opens what is parked since that time, as far as the endpoint has room, and lets what waits for its next try go at once; undefined when
   * there is no such endpoint.
   */
  redeliverFailed(
    id: EndpointId,
    since: number,
    now: number,
  ): Promise<{ readonly opened: number; readonly left: number } | undefined>;
  /** The endpoint gets the events from `from` to `to` once more. */
  replayEvents(
    id: EndpointId,
    from: string,
    to: string,
  ): Promise<"begun" | "no-endpoint" | "busy" | "expired">;
}

export function deliveries({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}): Deliveries {
  return {
    async takeReader(owner, ttlMs) {
      const epoch = Number(await run("take-reader", owner, ttlMs));
      return epoch === 0 ? undefined : epoch;
    },
    async dropReader(owner) {
      await run("drop-reader", owner);
    },
    async feedDeliveries({ endpointId, epoch, which, from, to, now, deliveries: fed }) {
      const flat = fed.flatMap(({ delivery, type, body }) => [delivery, type, body]);
      return (await run("feed-deliveries", endpointId, epoch, which, from, to, now, ...flat)) === 1;
    },
    async openDeliveries(id) {
      const [open, waiting] = await Promise.all([
        redis.zrange(keys.undelivered(id), "0", "-1"),
        redis.zrange(keys.retrying(id), "0", "-1", "WITHSCORES"),
      ]);
      const times = new Map<string, number>();
      for (let at = 0; at < waiting.length; at += 2)
        times.set(waiting[at] ?? "", Number(waiting[at + 1]));
      return open.map((delivery) => {
        const nextAt = times.get(delivery);
        return nextAt === undefined ? { delivery } : { delivery, nextAt };
      });
    },
    async beginDelivery({ endpointId, delivery }, { now, ends }) {
      // The client asks again by itself when an answer got lost.
      const token = randomBytes(9).toString("base64url");
      return readBegun(
        (await run("begin-delivery", endpointId, delivery, now, ends, token)) as Begun,
      );
    },
    async settleDelivery({ endpointId, delivery, tries, now, verdict, ...rest }) {
      const at = verdict.kind === "retry" ? verdict.at : 0;
      const { status = "", reason = "", excerpt = "", tookMs, restMs } = rest;
      const head = [endpointId, delivery, tries, now, verdict.kind, at] as const;
      const came = [status, reason, tookMs, restMs, excerpt] as const;
      const reply = await run("settle-delivery", ...head, ...came);
      return reply === 2 ? "waits" : reply === 1 ? "ended" : "stale";
    },
    async listDeliveries(id, { parked, before = "+inf", offset, limit }) {
      const index = parked ? keys.parked(id) : keys.deliveries(id);
      const names = await redis.zrevrangebyscore(index, before, "-inf", "LIMIT", offset, limit);
      const pipeline = redis.pipeline();
      for (const name of names) pipeline.hgetall(keys.delivery(id, name));
      const replies = (await pipeline.exec()) ?? [];
      return names.flatMap((name, index_) => {
        const [error, hash] = replies[index_] ?? [];
        if (error) throw error;
        return readDelivery(name, hash as Readonly<Record<string, string>>) ?? [];
      });
    },
    async redeliver(id, { delivery, type, body = "" }, now) {
      const reply = await run("redeliver", id, delivery, type, body, now);
      return reply === 1 ? "opened" : reply === 0 ? "no-endpoint" : "no-body";
    },
    async redeliverFailed(id, since, now) {
      const [opened, left] = (await run("redeliver-failed", id, since, now)) as [number, number?];
      return left === undefined ? undefined : { opened, left };
    },
    async replayEvents(id, from, to) {
      const reply = Number(await run("replay-events", id, from, placeBefore(from), to));
      return reply === 1
        ? "begun"
        : reply === 0
          ? "no-endpoint"
          : reply === -1
            ? "busy"
            : "expired";
    },
  };
}

const LAST_OF_MS = "18446744073709551615";

/** The last place before a cursor. */
function placeBefore(cursor: string): string {
  const [ms = "0", sequence = "0"] = cursor.split("-");
  if (sequence !== "0") return `${ms}-${BigInt(sequence) - 1n}`;
  return ms === "0" ? "0-0" : `${Number(ms) - 1}-${LAST_OF_MS}`;
}

type Begun =
  | ["post", string, string, string, string, number, number, number, string]
  | ["later" | "busy", number]
  | ["ghost" | "shelved"];

function readBegun(reply: Begun): BegunDelivery {
  switch (reply[0]) {
    case "post": {
      const [kind, url, secret, old, body, tries, since, opens, type] = reply;
      const secrets = old === "" ? [secret] : [secret, old];
      return { kind, url, secrets, body, tries, since, opens, type };
    }
    case "later":
      return { kind: "later", at: reply[1] };
    case "busy":
      return { kind: "busy", open: reply[1] };
    case "ghost":
    case "shelved":
      return { kind: reply[0] };
  }
}

function readDelivery(
  delivery: string,
  hash: Readonly<Record<string, string>>,
): DeliveryRecord | undefined {
  const { type, state, next_at, status, reason, took, excerpt } = hash;
  if (type === undefined || state === undefined) return undefined;
  return {
    delivery,
    type,
    state: state as DeliveryState,
    attempts: Number(hash["attempts"] ?? 0),
    at: Number(hash["at"]),
    ...(next_at === undefined || state !== "retrying" ? {} : { nextAt: Number(next_at) }),
    ...(status === undefined || status === "" ? {} : { status: Number(status) }),
    ...(reason === undefined || reason === "" ? {} : { reason }),
    ...(took === undefined ? {} : { tookMs: Number(took) }),
    ...(excerpt === undefined || excerpt === "" ? {} : { excerpt }),
  };
}
