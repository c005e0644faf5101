import { type DeviceId, isLiving, type MessageId, pickNext, rowMessageId } from "@pombo/domain";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Outcome } from "./attempts.ts";
import {
  A,
  B,
  C,
  drawHint,
  NOW,
  openBatch,
  type OpenBatch,
  openPool,
  phoneOf,
  WARM,
} from "./pools.test-bed.ts";

const DEVICES: readonly DeviceId[] = [A, B, C];
const ENDS = ["sent", "back", "later", "unknown", "failed"] as const;
const STATES = ["connected", "disconnected", "logged_out", "blocked"] as const;
const device = fc.constantFrom(...DEVICES);
const recipient = fc.constantFrom("5511900000001", "5511900000002");

const op = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("send" as const),
      recipient,
      later: fc.constantFrom(0, 0, 0, 5_000),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom("feed", "begin"), device }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("batch" as const),
      people: fc.array(recipient, { minLength: 1, maxLength: 9 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("steer" as const),
      wish: fc.constantFrom("pause", "resume", "resume", "cancel"),
      index: fc.nat(5),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("end" as const),
      device,
      end: fc.constantFrom(...ENDS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("state" as const),
      device,
      state: fc.constantFrom(...STATES),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("lost in an attempt" as const),
      device,
      state: fc.constantFrom(...STATES),
      end: fc.constantFrom(...ENDS),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constantFrom("sweep", "due", "turn") }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("warm" as const), device, recipient }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("toggle" as const), device }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("death" as const), device }) },
);
type Op = typeof op extends fc.Arbitrary<infer Value> ? Value : never;
type Bed = Awaited<ReturnType<typeof openPool>>;

/** The workers of three devices on one clock, and what a pool promises of them. */
function fleet(t: Bed) {
  const { ledger } = t;
  const accepted: MessageId[] = [];
  const sent: MessageId[] = [];
  const batches: OpenBatch[] = [];
  /** Where an attempt may have left. */
  const leftOn = new Map<MessageId, DeviceId>();
  const inHand = new Map<DeviceId, { readonly id: MessageId; readonly token: string }>();
  const states = new Map<DeviceId, (typeof STATES)[number]>();
  const members = new Set<DeviceId>(DEVICES);
  let now = NOW;
  let attempts = 0;

  async function feed(id: DeviceId): Promise<void> {
    if (states.get(id) !== "connected") return;
    for (let turn = 0; turn < 50; turn += 1) {
      const view = await ledger.peek(id, now); // oxlint-disable-line no-await-in-loop -- each look depends on the move before
      const [hint] = view.draws;
      const people = batches.find((batch) => batch.id === hint?.batchId)?.people;
      if (hint !== undefined && people !== undefined) {
        // oxlint-disable-next-line no-await-in-loop
        const drawn = await drawHint(t, id, { hint, people, count: 3, now });
        if (drawn === "drawn") continue;
      }
      const pick = pickNext(now, { ...view, open: true });
      const { gated, held, later } = pick.aside;
      if (pick.kind === "wait" && gated.length + held.length + later.length === 0) return;
      const order = { ...pick.aside, now, pace: view.pace, jitter: 0 };
      const picked = pick.kind === "pick" ? { pick: { ...pick, id: pick.id as MessageId } } : {};
      // oxlint-disable-next-line no-await-in-loop
      if ((await ledger.feed(t.own(id), { ...order, ...picked })).kind === "fed") return;
    }
    throw new Error("the feed never comes to rest");
  }

  async function begin(id: DeviceId): Promise<void> {
    if (inHand.has(id) || states.get(id) !== "connected") return;
    const [first] = (await ledger.window(id)).toSorted((x, y) => x.fedAt - y.fedAt);
    if (first === undefined) return;
    attempts += 1;
    const token = `t${attempts}`;
    const begun = await ledger.begin(t.own(id), {
      ...first,
      token,
      now,
      connectedSince: now,
      alone: true,
    });
    if (begun.kind === "ghost") {
      // A row of a batch that stands still is stopped right before it would be sent.
      expect((await ledger.findMessage(first.messageId))?.place).toBe("parked");
      return;
    }
    if (begun.kind !== "go") throw new Error(`not begun: ${begun.kind}`);
    const before = leftOn.get(first.messageId);
    expect(before ?? id, "what may have left is not sent from another device").toBe(id);
    inHand.set(id, { id: first.messageId, token });
  }

  async function end(id: DeviceId, how: (typeof ENDS)[number]): Promise<void> {
    const attempt = inHand.get(id);
    if (attempt === undefined) return;
    inHand.delete(id);
    if (how === "sent") {
      await ledger.recordEvidence(id, { messageId: attempt.id, proves: "sent", now });
      sent.push(attempt.id);
      leftOn.set(attempt.id, id);
      return;
    }
    await ledger.settle(t.own(id), attempt.id, outcomeOf(how, attempt, id));
  }

  function outcomeOf(
    how: Exclude<(typeof ENDS)[number], "sent">,
    { id, token }: { readonly id: MessageId; readonly token: string },
    by: DeviceId,
  ): Outcome {
    const failure = { code: "SEND_FAILED", detail: "" } as const;
    const due = { kind: "due", at: now + 3_000 } as const;
    const base = { now, failure, token } as const;
    if (how === "failed") return { ...base, to: "failed" };
    if (how === "unknown" || leftOn.has(id)) {
      leftOn.set(id, leftOn.get(id) ?? by);
      return { ...base, to: "unknown", wait: due, mayHaveLeft: true };
    }
    return { ...base, to: "queued", wait: how === "back" ? { kind: "backlog" } : due };
  }

  /** The worker of a device ends in whatever it has in hand. */
  async function die(id: DeviceId): Promise<void> {
    const attempt = inHand.get(id);
    inHand.delete(id);
    if (attempt !== undefined) leftOn.set(attempt.id, id);
    await t.replace(id);
    await ledger.takeOver(t.own(id), { now, due: now + 3_000 });
  }

  async function send(to: string, later: number): Promise<void> {
    const records = await Promise.all(accepted.map((id) => ledger.findMessage(id)));
    // Rows that were not drawn stand with no device.
    const [earlier] = records
      .filter((one) => one?.recipient === to && one.place !== "batch" && one.sequence > 0)
      .toSorted((x, y) => (y?.sequence ?? 0) - (x?.sequence ?? 0));
    const id = await t.send(to, { at: now, ...(later > 0 ? { sendAt: now + later } : {}) });
    accepted.push(id);
    const stands = await t.deviceOf(id);
    // One that has left the pool gets what stands behind its messages, and gives it back with them.
    if (!members.has(stands ?? A)) expect(stands).toBe(earlier?.deviceId);
    const tied = earlier?.deviceId;
    if (tied !== undefined && members.has(tied) && isLiving(states.get(tied) ?? "created"))
      expect(stands, "a recipient stays with its device").toBe(tied);
  }

  async function toggle(id: DeviceId): Promise<void> {
    if (members.has(id) && members.size > 1) members.delete(id);
    else members.add(id);
    const devices = DEVICES.filter((one) => members.has(one));
    await ledger.editPool(t.poolId, { devices }, now);
  }

  async function change(id: DeviceId, state: (typeof STATES)[number]): Promise<void> {
    states.set(id, state);
    if (state !== "connected") await ledger.closeLane(t.own(id));
    await ledger.changeDevice(t.own(id), { state, now, phone: phoneOf(id) });
  }

  /** What the workers do in a while: nobody ends an attempt that is under way. */
  async function workOn(): Promise<void> {
    now += 4_000;
    await t.sweep(now);
    await ledger.serveDue(now, 100);
    await t.sweep(now);
    for (const id of DEVICES) {
      await feed(id); // oxlint-disable-line no-await-in-loop -- one after the other
      await begin(id); // oxlint-disable-line no-await-in-loop
    }
  }

  async function run(step: Op): Promise<void> {
    now += 700;
    switch (step.op) {
      case "send":
        return send(step.recipient, step.later);
      case "feed":
        return feed(step.device);
      case "begin":
        await feed(step.device);
        return begin(step.device);
      case "end":
        return end(step.device, step.end);
      case "turn":
        return workOn();
      case "lost in an attempt":
        await feed(step.device);
        await begin(step.device);
        await change(step.device, step.state);
        await workOn();
        await end(step.device, step.end);
        return workOn();
      case "state":
        return change(step.device, step.state);
      case "sweep":
        await t.sweep(now);
        return;
      case "batch": {
        if (members.size === 0) return;
        const batch = await openBatch(t, step.people, now);
        batches.push(batch);
        accepted.push(...step.people.map((_, at) => rowMessageId(batch.id, at + 1)));
        return;
      }
      case "steer": {
        const batch = batches[step.index % Math.max(1, batches.length)];
        if (batch !== undefined) await ledger.steerBatch(batch.id, step.wish, now);
        return;
      }
      case "due":
        await ledger.serveDue(now, 100);
        return;
      case "warm":
        return ledger.warmUp(step.device, step.recipient, WARM);
      case "toggle":
        return toggle(step.device);
      case "death":
        return die(step.device);
    }
  }

  /** Each message that waits and can't have left stands with exactly one device, whose index says so. */
  async function check(): Promise<void> {
    const records = await Promise.all(accepted.map((id) => ledger.findMessage(id)));
    for (const id of DEVICES) {
      // oxlint-disable-next-line no-await-in-loop -- few
      const indexed = new Set(await t.redis.zrange(t.keys.pooled(id, t.poolId), "0", "-1"));
      const waiting = records.filter(
        (one) =>
          one?.deviceId === id &&
          !one.mayHaveLeft &&
          ["queued", "scheduled", "sending"].includes(one.status),
      );
      expect(waiting.filter((one) => !indexed.has(one?.id ?? ""))).toEqual([]);
      for (const other of indexed)
        expect(records.find((one) => one?.id === other)?.deviceId).toBe(id);
    }
  }

  /** Everybody is connected, and everything waits no longer. */
  async function drain(): Promise<void> {
    for (const { id } of batches) await ledger.steerBatch(id, "resume", now); // oxlint-disable-line no-await-in-loop -- one after the other
    for (const id of DEVICES) {
      await change(id, "connected"); // oxlint-disable-line no-await-in-loop -- one after the other
      await end(id, "sent"); // oxlint-disable-line no-await-in-loop
    }
    for (let turn = 0; turn < 300; turn += 1) {
      now += 10_000;
      await t.sweep(now); // oxlint-disable-line no-await-in-loop -- one after the other
      await ledger.serveDue(now, 100); // oxlint-disable-line no-await-in-loop
      for (const id of DEVICES) {
        await feed(id); // oxlint-disable-line no-await-in-loop
        await begin(id); // oxlint-disable-line no-await-in-loop
        await end(id, "sent"); // oxlint-disable-line no-await-in-loop
      }
      const records = await Promise.all(accepted.map((id) => ledger.findMessage(id))); // oxlint-disable-line no-await-in-loop
      for (const { id } of batches) while (await ledger.sweepBatch(id, now)); // oxlint-disable-line no-await-in-loop
      const undrawn = await Promise.all(batches.map(({ id }) => ledger.findBatch(id))); // oxlint-disable-line no-await-in-loop
      if (undrawn.some((batch) => (batch?.undrawn ?? 0) > 0)) continue;
      if (records.every((one) => one === undefined || one.place === "")) return;
    }
    throw new Error("something never moves");
  }

  return { run, check, drain, change, accepted, sent, batches };
}

async function live(ops: readonly Op[], t: Bed): Promise<void> {
  const { run, check, drain, change, accepted, sent, batches } = fleet(t);
  for (const id of DEVICES) await change(id, "connected"); // oxlint-disable-line no-await-in-loop -- one after the other
  for (const last of [1, 2, 3])
    // oxlint-disable-next-line no-await-in-loop -- few
    await t.ledger.rememberRecipient(`551190000000${last}`, { lid: `${last}@lid` });
  for (const step of ops) {
    await run(step); // oxlint-disable-line no-await-in-loop -- one after the other is the point
    await check(); // oxlint-disable-line no-await-in-loop
  }
  await drain();
  await check();
  expect(new Set(sent).size).toBe(sent.length);
  const records = await Promise.all(accepted.map((id) => t.ledger.findMessage(id)));
  // What may have left and is not settled stands before nobody on another device.
  const doubted = new Set(
    records
      .filter((one) => one?.timeline.some(({ status }) => status === "unknown"))
      .map((one) => one?.recipient),
  );
  const inOrder = sent.map((id) => records.find((one) => one?.id === id));
  // Order is kept among singles, and within each batch.
  const source = (one: (typeof records)[number]) => `${one?.recipient} ${one?.batchId ?? ""}`;
  for (const list of Map.groupBy(inOrder, source).values()) {
    const sequences = list.map((one) => one?.sequence ?? 0);
    if (!doubted.has(list[0]?.recipient))
      expect(sequences).toEqual(sequences.toSorted((x, y) => x - y));
  }
  const open = records.filter(
    (one) => !["sent", "failed", "canceled"].includes(one?.status ?? "canceled"),
  );
  expect(open).toEqual([]);
  for (const { id, people } of batches) {
    const batch = await t.ledger.findBatch(id); // oxlint-disable-line no-await-in-loop -- few
    const { sent: through = 0, failed = 0, canceled = 0 } = batch?.counts ?? {};
    expect([batch?.open, through + failed + canceled]).toEqual([0, people.length]);
    expect(["completed", "canceled"]).toContain(batch?.state);
  }
  for (const pattern of ["gate", "aside", "waiting", "window", "held", "pooled"])
    // oxlint-disable-next-line no-await-in-loop -- few
    expect(await t.redis.keys(`*:${pattern}:*`)).toEqual([]);
}

test("whatever happens to its devices, a pool sends each message once, from one device, and keeps its recipients together", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 50 }), async (ops) => {
      await using t = await openPool();
      await live(ops, t);
    }),
    { numRuns: 40, endOnFailure: false },
  );
}, 240_000);
