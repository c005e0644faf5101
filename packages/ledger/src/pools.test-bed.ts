import { randomBytes } from "node:crypto";
import {
  type BatchSettings,
  type DeviceId,
  mintBatchId,
  type MessageId,
  mintPoolId,
  type PackedRow,
} from "@pombo/domain";
import type { NewMessage } from "./accept.ts";
import type { RenderedRow } from "./draws.ts";
import type { DrawHint, Ownership } from "./lane.ts";
import { newMessage, setup } from "./setup.test-bed.ts";

export const NOW = 1_700_000_000_000;
export const [A, B, C] = ["a", "b", "c"].map((name) => `dev_${name.repeat(16)}` as DeviceId) as [
  DeviceId,
  DeviceId,
  DeviceId,
];
/** Until when a chat is warm: these end by the clock of Redis. */
export const WARM = Date.now() + 86_400_000;
export const ANA = "5511900000002";
export const BEN = "5511900000003";

/** The number that a device is paired with. */
export function phoneOf(id: DeviceId): string {
  return `551199900000${[A, B, C].indexOf(id)}`;
}

/** A pool of three connected devices. */
export async function openPool(how: { readonly twice?: true } = {}) {
  const t = await setup({}, how);
  const { ledger } = t;
  const owns = new Map<DeviceId, Ownership>();
  for (const id of [A, B, C]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ledger.createDevice({ id, name: id, keyId: "key_1", at: 1 });
    // oxlint-disable-next-line no-await-in-loop
    const own = await ledger.take(id, "worker-1");
    if (own === undefined) throw new Error("no lease");
    owns.set(id, own);
    // oxlint-disable-next-line no-await-in-loop
    await ledger.changeDevice(own, { state: "connected", now: NOW, phone: phoneOf(id) });
  }
  const poolId = mintPoolId(randomBytes(8));
  const pool = { id: poolId, name: "all", strategy: "balanced", keyId: "key_1", now: NOW } as const;
  await ledger.createPool({ ...pool, devices: [A, B, C] });
  for (const digits of [ANA, BEN])
    // oxlint-disable-next-line no-await-in-loop -- few
    await ledger.rememberRecipient(digits, { lid: `${digits}@lid` });
  const own = (id: DeviceId): Ownership => {
    const found = owns.get(id);
    if (found === undefined) throw new Error(`${id} is not owned`);
    return found;
  };
  return {
    ...t,
    poolId,
    own,
    /** Another worker takes the device. */
    async replace(id: DeviceId) {
      await ledger.drop("worker-1", own(id));
      const next = await ledger.take(id, "worker-1");
      if (next === undefined) throw new Error("no lease");
      owns.set(id, next);
    },
    /** Accepts a message of the pool; the device that it stands with. */
    async send(recipient: string, over: Partial<NewMessage> = {}) {
      const chosen = await ledger.chooseDevice(poolId, recipient, over.at ?? NOW);
      if (chosen === undefined) throw new Error("the pool has no devices");
      const message = newMessage({ recipient, at: NOW, ...over, ...chosen });
      await ledger.accept(message);
      return message.id;
    },
    async deviceOf(id: MessageId) {
      return (await ledger.findMessage(id))?.deviceId;
    },
    lose: (id: DeviceId, state: "logged_out" | "blocked" | "disconnected" = "logged_out") =>
      ledger.changeDevice(own(id), { state, now: NOW + 10 }),
    /** What a sweep of a worker does. */
    async sweep(now = NOW + 20) {
      let moved = 0;
      for (const one of await ledger.dueReturns(now, 100))
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        moved += await ledger.returnPooled(one, now);
      return moved;
    },
    /** Feeds the message and begins its attempt on its device. */
    async attempt(id: MessageId, deviceId: DeviceId) {
      const fed = await t.feed(own(deviceId), { pick: id });
      if (fed.kind !== "fed") throw new Error(`not fed: ${fed.kind}`);
      const job = { messageId: id, feed: fed.feed, token: id, now: NOW + 5, connectedSince: 0 };
      const { kind } = await ledger.begin(own(deviceId), job);
      if (kind !== "go") throw new Error(`not begun: ${kind}`);
    },
  };
}

type Bed = Awaited<ReturnType<typeof openPool>>;

/** A running batch of the pool: a row for each of these people. */
export async function openBatch(t: Bed, people: readonly string[], now = NOW) {
  const settings: BatchSettings = {
    from: t.poolId,
    template: { kind: "text", text: "hello" },
    priority: "bulk",
    dedupe: "none",
    onInvalid: "skip",
    start: "complete",
  };
  const id = mintBatchId(randomBytes(6));
  const base = { id, settings, deviceIds: [A, B, C], poolId: t.poolId, keyId: "key_1", now };
  const made = await t.ledger.createBatch(base);
  if (made.kind !== "created") throw new Error(made.kind);
  const rows: PackedRow[] = people.map((to) => ({ to, values: [] }));
  await t.ledger.appendChunk(made.batch, { index: 0, hash: "h", rows, errors: [], now });
  await t.ledger.finishUpload(id, { rows: rows.length, now });
  return { id, people };
}

export type OpenBatch = Awaited<ReturnType<typeof openBatch>>;

/** The device draws rows of a batch, as its owner does when its backlog runs short. */
export function drawHint(
  t: Bed,
  by: DeviceId,
  draw: {
    readonly hint: DrawHint;
    readonly people: readonly string[];
    readonly count: number;
    readonly now: number;
  },
) {
  const { hint, people, count, now } = draw;
  const { batchId, row: from } = hint;
  const to = Math.min(from + count, people.length + 1);
  const rows: RenderedRow[] = people.slice(from - 1, to - 1).map((whom, at) => ({
    row: from + at,
    to: whom,
    content: { kind: "text", text: "hello" },
  }));
  return t.ledger.drawRows(t.own(by), { batchId, from, to, rows, now, poolId: t.poolId });
}
