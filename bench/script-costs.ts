import type { FeedOrder, Ledger } from "@pombo/ledger";
import { openLedger } from "@pombo/ledger";
import type { Keys, Redis } from "@pombo/redis";
import { DEFAULT_SETTINGS, type DeviceId, type MessageId } from "@pombo/domain";

/** What one command, or one script by name, took of Redis' main thread. */
export interface CommandCost {
  readonly calls: number;
  readonly us: number;
}

const KEPT = 200_000;
/** BullMQ's scripts, told apart by how many keys they take. */
const BULLMQ: Readonly<Record<string, string>> = {
  "9": "BullMQ add",
  "11": "BullMQ fetch",
  "14": "BullMQ finish",
};

/** Runs the work while Redis writes every command down with its time: dear, so nothing else is measured meanwhile. */
export async function commandCosts(
  { redis, keys }: { readonly redis: Redis; readonly keys: Keys },
  work: () => Promise<unknown>,
): Promise<ReadonlyMap<string, CommandCost>> {
  const names = await scriptNames(keys);
  await redis.config("SET", "slowlog-max-len", KEPT);
  await redis.config("SET", "slowlog-log-slower-than", 0);
  await redis.slowlog("RESET");
  await work();
  await redis.config("SET", "slowlog-log-slower-than", -1);
  const entries = (await redis.slowlog("GET", KEPT)) as [number, number, number, string[]][];
  await redis.slowlog("RESET");
  const costs = new Map<string, { calls: number; us: number }>();
  for (const [, , us, [command = "", sha = "", keyCount = ""]] of entries) {
    const name = command.toLowerCase().startsWith("eval")
      ? (names.get(sha) ?? BULLMQ[keyCount] ?? `script ${sha.slice(0, 8)}`)
      : command.toUpperCase();
    const cost = costs.get(name) ?? { calls: 0, us: 0 };
    costs.set(name, { calls: cost.calls + 1, us: cost.us + us });
  }
  return costs;
}

/** The digest of each script of the ledger, found by asking a ledger whose Redis only listens. */
async function scriptNames(keys: Keys): Promise<ReadonlyMap<string, string>> {
  let heard = "";
  const redis = {
    evalsha: async (sha: string) => {
      heard = sha;
      throw new Error("only listening");
    },
  } as unknown as Redis;
  const ledger = openLedger({ redis, keys, settings: DEFAULT_SETTINGS });
  const found = new Map<string, string>();
  for (const [name, call] of Object.entries(CALLS)) {
    heard = "";
    // oxlint-disable-next-line no-await-in-loop -- one at a time is heard
    await call(ledger).catch(() => undefined);
    if (heard !== "") found.set(heard, `ledger ${name}`);
  }
  return found;
}

const DEVICE = "dev_0" as DeviceId;
const MESSAGE = "3EB0" as MessageId;
const OWN = { deviceId: DEVICE, epoch: 1 };
const NOW = 0;
/** Never looked at: the call ends before Redis. */
const NO_PACE = {} as FeedOrder["pace"];

const CALLS: Readonly<Record<string, (ledger: Ledger) => Promise<unknown>>> = {
  claim: (ledger) =>
    ledger.claim({ digest: "", token: "" }, { fingerprint: "", messageId: MESSAGE, now: NOW }),
  accept: (ledger) =>
    ledger.accept({
      id: MESSAGE,
      deviceId: DEVICE,
      recipient: "",
      content: { kind: "text", text: "" },
      priority: "normal",
      keyId: "",
      at: NOW,
    }),
  peek: (ledger) => ledger.peek(DEVICE, NOW),
  feed: (ledger) =>
    ledger.feed(OWN, { gated: [], held: [], later: [], now: NOW, pace: NO_PACE, jitter: 0 }),
  begin: (ledger) =>
    ledger.begin(OWN, { messageId: MESSAGE, feed: 1, token: "", now: NOW, connectedSince: 0 }),
  "settle (ack, receipts)": (ledger) =>
    ledger.recordEvidence(DEVICE, { messageId: MESSAGE, proves: "sent", now: NOW }),
  "open lane": (ledger) => ledger.openLane(OWN, NOW, NO_PACE),
  "serve due": (ledger) => ledger.serveDue(NOW, 1),
  "renew leases": (ledger) => ledger.renew("", [OWN]),
  "write credentials": (ledger) => ledger.credentials(OWN).write({ set: new Map(), remove: [] }),
};
