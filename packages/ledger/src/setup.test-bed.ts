import {
  type CellId,
  DEFAULT_SETTINGS,
  type DeviceId,
  type MessageId,
  mintMessageId,
  resolvePace,
  type Settings,
} from "@pombo/domain";
import { cellKeys, openRedis, type Redis } from "@pombo/redis";
import { openTestRedis } from "@pombo/testbed";
import { randomBytes } from "node:crypto";
import type { FeedOrder, Ownership } from "./lane.ts";
import type { NewMessage } from "./accept.ts";
import { openLedger } from "./ledger.ts";

export const DEVICE = "dev_0000000000000001" as DeviceId;

export function newMessage(over: Partial<NewMessage> = {}): NewMessage {
  return {
    id: mintMessageId(randomBytes(9)),
    deviceId: DEVICE,
    recipient: "5511900000002",
    content: { kind: "text", text: "hello" },
    priority: "normal",
    keyId: "key_1",
    at: 1_700_000_000_000,
    ...over,
  };
}

/** Every script runs twice, as after a lost reply: what comes back is the answer of the second run. */
function twice(client: Redis): Redis {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const call = value.bind(target) as (...args: readonly unknown[]) => Promise<unknown>;
      if (name !== "eval" && name !== "evalsha") return call;
      return async (...args: readonly unknown[]) => {
        await call(...args);
        return call(...args);
      };
    },
  });
}

/** A ledger on a Redis of its own, with one device that `worker-1` owns. */
export async function setup(over: Partial<Settings> = {}, how: { readonly twice?: true } = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const redis = stack.use(await openRedis({ url: server.url, role: "worker" }));
  const keys = cellKeys("c0" as CellId);
  const ledger = openLedger({
    redis: how.twice === true ? twice(redis.client) : redis.client,
    keys,
    settings: { ...DEFAULT_SETTINGS, ...over },
  });
  await ledger.createDevice({ id: DEVICE, name: "one", keyId: "key_1", at: 1 });
  const own = await ledger.take(DEVICE, "worker-1");
  if (own === undefined) throw new Error("no lease");
  const settings = { ...DEFAULT_SETTINGS, ...over };
  const pace = resolvePace({}, settings, { now: 0, pairedAt: 0 });
  const feedOrder = (
    order: Partial<Omit<FeedOrder, "pick">> & { readonly pick?: MessageId },
  ): FeedOrder => {
    const { pick, ...rest } = order;
    const base = {
      gated: [],
      held: [],
      later: [],
      now: 1_700_000_000_000,
      pace,
      jitter: 0,
      ...rest,
    };
    return pick === undefined
      ? base
      : { ...base, pick: { id: pick, cold: true, probe: false, owed: false, passedOver: 0 } };
  };
  return {
    feed: (owner: Ownership, order: Parameters<typeof feedOrder>[0]) =>
      ledger.feed(owner, feedOrder(order)),
    pace,
    ledger,
    own,
    redis: redis.client,
    keys,
    /** The types of the event log, in order, of one message. */
    async events(id: MessageId) {
      const entries = await redis.client.xrange(keys.events(), "-", "+");
      return entries.filter(([, fields]) => fields[3] === id).map(([, fields]) => fields[1]);
    },
    /** Feeds a message and begins its attempt. */
    async begin(id: MessageId, now = 1_700_000_000_100) {
      const fed = await ledger.feed(own, feedOrder({ pick: id, now }));
      if (fed.kind !== "fed") throw new Error(`not fed: ${fed.kind}`);
      await ledger.rememberRecipient("5511900000002", { lid: "1" });
      const begun = await ledger.begin(own, {
        messageId: id,
        feed: fed.feed,
        token: "t1",
        now,
        connectedSince: 0,
      });
      return { fed, begun };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
