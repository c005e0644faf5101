import { type MessageId, pickNext, PRIORITIES } from "@pombo/domain";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Outcome } from "./attempts.ts";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

/** 11:00 UTC. */
const START = 1_700_000_000_000 - (1_700_000_000_000 % 86_120_000) + 11 * 3_600_000;
/** Awake between noon and one. */
const ASLEEP = { from: "13:00", to: "12:00", timezone: "UTC" } as const;
const NONE = "3EB0000000000000000000" as MessageId;
const ENDS = ["sent", "retry", "fail", "park", "hold", "unknown"] as const;

const recipient = fc.constantFrom("5511900000001", "5511900000002", "5511900000003");
const op = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("accept" as const),
      recipient,
      priority: fc.constantFrom(...PRIORITIES),
      asleep: fc.boolean(),
      later: fc.constantFrom(0, 0, 0, 500, 1_800_000),
      expires: fc.constantFrom(0, 0, 0, 0, 3_600_000),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constant("feed" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant("end" as const), end: fc.constantFrom(...ENDS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("wait" as const),
      ms: fc.constantFrom(1_000, 60_000, 3_700_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("cancel" as const), index: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("close", "death", "pause") }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("begin" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom("late", "redrive"), index: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("warm" as const), recipient }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("number" as const) }) },
);
type Op = typeof op extends fc.Arbitrary<infer Value> ? Value : never;
type Bed = Awaited<ReturnType<typeof setup>>;

/** A worker that does one thing at a time, on a clock of its own. */
function worker(t: Bed) {
  const accepted: MessageId[] = [];
  const sent: MessageId[] = [];
  let now = START;
  let number = 1;
  let attempts = 0;
  let own = t.own;
  let paused = false;
  let inHand: { readonly id: MessageId; readonly left: boolean } | undefined;
  const any = (index: number) => accepted[index % Math.max(1, accepted.length)] ?? NONE;

  /** Looks until it picks or nothing moves any more. */
  async function feed(): Promise<void> {
    for (let turn = 0; ; turn += 1) {
      if (turn > 200) throw new Error("the feed never comes to rest");
      // oxlint-disable-next-line no-await-in-loop -- each look depends on the move before
      const view = await t.ledger.peek(DEVICE, now);
      const pick = pickNext(now, { ...view, open: true });
      const { gated, held, later } = pick.aside;
      if (pick.kind === "wait" && gated.length + held.length + later.length === 0) return;
      const order = { ...pick.aside, now, pace: view.pace, jitter: 0 };
      const picked =
        pick.kind === "pick" ? { pick: { ...pick, id: pick.id as MessageId } } : undefined;
      // oxlint-disable-next-line no-await-in-loop
      const fed = await t.ledger.feed(own, { ...order, ...picked });
      if (fed.kind === "fed") return;
    }
  }

  function outcomeOf(how: (typeof ENDS)[number], left: boolean): Outcome {
    const to = left ? "unknown" : "queued";
    const failure = { code: "SEND_FAILED", detail: "" } as const;
    const due = { kind: "due", at: now + 2_000 } as const;
    const base = { now, failure, token: `t${attempts}`, mayHaveLeft: left } as const;
    const wait = left ? due : ({ kind: "backlog" } as const);
    if (how === "fail") return { ...base, to: "failed" };
    if (how === "park") return { ...base, to, wait };
    if (how === "retry") return { ...base, to, wait: due };
    if (how === "hold") return { ...base, to, wait, holdUntil: now + 1_800_000 };
    return { ...base, to: "unknown", wait: due, mayHaveLeft: true };
  }

  /** The attempt of the oldest of the window begins; true when there was one. */
  async function begin(): Promise<boolean> {
    if (inHand !== undefined) return true;
    const window = await t.ledger.window(DEVICE);
    const [first] = window.toSorted((x, y) => x.fedAt - y.fedAt);
    if (first === undefined) return false;
    attempts += 1;
    const job = { ...first, token: `t${attempts}`, now, connectedSince: 0 };
    const asked = await t.ledger.begin(own, job);
    const begun =
      asked.kind === "alone" ? await t.ledger.begin(own, { ...job, alone: true }) : asked;
    if (begun.kind === "expired") {
      const detail = "";
      const outcome = begun.mayHaveLeft
        ? ({ to: "failed", now, failure: { code: "OUTCOME_UNKNOWN", detail } } as const)
        : ({ to: "expired", now, failure: { code: "MESSAGE_EXPIRED", detail } } as const);
      await t.ledger.settle(own, first.messageId, { ...outcome, feed: first.feed });
      return true;
    }
    if (begun.kind !== "go") throw new Error(`not begun: ${begun.kind}`);
    inHand = { id: first.messageId, left: begun.mayHaveLeft };
    return true;
  }

  /** What is in hand ends so; false when there is nothing to begin either. */
  async function end(how: (typeof ENDS)[number]): Promise<boolean> {
    if (!(await begin())) return false;
    if (inHand === undefined) return true;
    const { id, left } = inHand;
    inHand = undefined;
    if (how === "sent") await prove(id);
    else await t.ledger.settle(own, id, outcomeOf(how, left));
    return true;
  }

  async function prove(messageId: MessageId): Promise<void> {
    const settled = await t.ledger.recordEvidence(DEVICE, { messageId, proves: "sent", now });
    if (settled.kind === "settled") sent.push(messageId);
  }

  /** The worker ends, whatever it has in hand; the next one takes over. */
  async function die(): Promise<void> {
    inHand = undefined;
    await t.ledger.drop("worker-1", own);
    const next = await t.ledger.take(DEVICE, "worker-1");
    if (next === undefined) throw new Error("no lease");
    own = next;
    await t.ledger.takeOver(own, { now, due: now + 2_000 });
  }

  async function run(step: Op): Promise<void> {
    now += 1;
    switch (step.op) {
      case "accept": {
        const message = newMessage({
          recipient: step.recipient,
          priority: step.priority,
          at: now,
          ...(step.asleep ? { quietHours: ASLEEP } : {}),
          ...(step.later > 0 ? { sendAt: now + step.later } : {}),
          ...(step.expires > 0 ? { expiresAt: now + step.later + step.expires } : {}),
        });
        accepted.push(message.id);
        await t.ledger.accept(message);
        return;
      }
      case "feed":
        return feed();
      case "end":
        await end(step.end);
        return;
      case "wait":
        now += step.ms;
        await t.ledger.serveDue(now, 100);
        return;
      case "cancel":
        await t.ledger.cancel(any(step.index), now);
        return;
      case "late":
        // Only what may have left can be proved without an attempt.
        if ((await t.ledger.findMessage(any(step.index)))?.mayHaveLeft === true)
          await prove(any(step.index));
        return;
      case "redrive":
        await t.ledger.redrive(any(step.index), now);
        return;
      case "begin":
        await begin();
        return;
      case "death":
        return die();
      case "pause":
        paused = !paused;
        await t.ledger.pauseLane(DEVICE, paused, { now });
        return;
      case "close":
        await t.ledger.closeLane(own);
        return;
      case "warm":
        return t.ledger.warmUp(DEVICE, step.recipient, Date.now() + 100_000_000);
      case "number": {
        number += 1;
        const phone = `55119990000${String(number).padStart(2, "0")}`;
        await t.ledger.changeDevice(own, { state: "connected", now, phone });
        await t.ledger.moveGenerations(DEVICE, "release", { now, generation: number });
      }
    }
  }

  /** All that waits for a time or an answer gets it; what is still open then never moves again. */
  async function drain(): Promise<void> {
    await t.ledger.pauseLane(DEVICE, false, { now });
    // An attempt that was under way when the number changed belongs to the old one.
    await t.ledger.moveGenerations(DEVICE, "release", { now, generation: number });
    for (let turn = 0; turn < 500; turn += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await feed();
      // oxlint-disable-next-line no-await-in-loop
      if (await end("sent")) continue;
      // oxlint-disable-next-line no-await-in-loop
      const [, due] = await t.redis.zrange(t.keys.due(), "0", "0", "WITHSCORES");
      // oxlint-disable-next-line no-await-in-loop
      const held = Number((await t.redis.hget(t.keys.lane(DEVICE), "held_until")) ?? 0);
      const next = Math.min(Number(due ?? Infinity), held > now ? held : Infinity);
      if (next === Infinity) return;
      now = Math.max(now + 1, next);
      // oxlint-disable-next-line no-await-in-loop
      await t.ledger.serveDue(now, 100);
    }
    throw new Error("the lane is never empty");
  }

  return { run, drain, accepted, sent };
}

async function live(t: Bed, ops: readonly Op[]): Promise<void> {
  await t.redis.flushall();
  await t.ledger.createDevice({ id: DEVICE, name: "one", keyId: "key_1", at: 1 });
  const own = await t.ledger.take(DEVICE, "worker-1");
  expect(own).toEqual(t.own);
  await t.ledger.changeDevice(t.own, { state: "connected", now: START, phone: "5511999000001" });
  for (const last of [1, 2, 3])
    // oxlint-disable-next-line no-await-in-loop -- few
    await t.ledger.rememberRecipient(`551190000000${last}`, { lid: `${last}@lid` });
  const { run, drain, accepted, sent } = worker(t);
  // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
  for (const step of ops) await run(step);
  await drain();
  const records = await Promise.all(accepted.map((id) => t.ledger.findMessage(id)));
  expect(records.filter((one) => one?.place !== "")).toEqual([]);
  for (const pattern of ["gate", "aside", "waiting", "window", "held"])
    // oxlint-disable-next-line no-await-in-loop -- few
    expect(await t.redis.keys(`*:${pattern}:*`)).toEqual([]);
  expect(new Set(sent).size).toBe(sent.length);
  const ofSent = sent.map((id) => records.find((one) => one?.id === id));
  for (const list of Map.groupBy(ofSent, (one) => `${one?.recipient} ${one?.priority}`).values()) {
    const sequences = list.map((one) => one?.sequence ?? 0);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  }
}

test("whatever happens to a lane, each recipient gets each class in order, and nothing stays behind", async () => {
  await using t = await setup();
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 60 }), (ops) => live(t, ops)),
    { numRuns: 40, endOnFailure: false },
  );
}, 240_000);
