import {
  type BatchId,
  type BatchSettings,
  ENTRANCES,
  type MessageId,
  mintBatchId,
  type PackedRow,
  pickNext,
  PRIORITIES,
  renderRows,
  rowMessageId,
  rowOf,
} from "@pombo/domain";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Outcome } from "./attempts.ts";
import type { DrawHint } from "./lane.ts";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

/** 11:00 UTC. */
const START = 1_700_000_000_000 - (1_700_000_000_000 % 86_120_000) + 11 * 3_600_000;
/** Awake between noon and one. */
const ASLEEP = { from: "13:00", to: "12:00", timezone: "UTC" } as const;
const PEOPLE = ["5511900000001", "5511900000002", "5511900000003"] as const;
const ENDS = ["sent", "sent", "sent", "retry", "fail", "park", "hold", "unknown"] as const;
const DRAW = 3;
const MOST_DRAWN = 5;

const index = fc.nat(20);
const op = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("batch" as const),
      priority: fc.constantFrom(...PRIORITIES),
      asleep: fc.boolean(),
      later: fc.constantFrom(0, 0, 0, 1_800_000),
      expires: fc.constantFrom(0, 0, 0, 3_600_000),
      start: fc.constantFrom("complete", "streaming"),
      ends: fc.boolean(),
      // A row that was not accepted, or whom it is for.
      rows: fc.array(fc.constantFrom(null, 0, 1, 2), { minLength: 1, maxLength: 14 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("single" as const),
      priority: fc.constantFrom(...PRIORITIES),
      to: fc.constantFrom(...PEOPLE),
    }),
  },
  { weight: 8, arbitrary: fc.record({ op: fc.constant("feed" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant("end" as const), end: fc.constantFrom(...ENDS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("wait" as const),
      ms: fc.constantFrom(1_000, 60_000, 3_700_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("steer" as const),
      wish: fc.constantFrom("pause", "pause", "resume", "resume", "cancel"),
      index,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom("cancel", "edit"), index, row: index }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("close", "death", "pause", "begin") }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom("late", "redrive"), index, row: index }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("finish" as const), index }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("release", "discard") }) },
);
type Op = typeof op extends fc.Arbitrary<infer Value> ? Value : never;
type Bed = Awaited<ReturnType<typeof setup>>;

interface Upload {
  readonly id: BatchId;
  readonly settings: BatchSettings;
  readonly rows: readonly (PackedRow | null)[];
}

function uploadOf(step: Extract<Op, { op: "batch" }>, now: number): Upload {
  const id = mintBatchId(crypto.getRandomValues(new Uint8Array(6)));
  return {
    id,
    rows: step.rows.map((person, at) =>
      person === null ? null : { to: PEOPLE[person] ?? "", values: [String(at)] },
    ),
    settings: {
      from: DEVICE,
      template: { kind: "text", text: "row {{n}}" },
      priority: step.priority,
      dedupe: "none",
      onInvalid: "skip",
      start: step.start,
      ...(step.asleep ? { quietHours: ASLEEP } : {}),
      ...(step.later > 0 ? { sendAt: now + step.later } : {}),
      ...(step.expires > 0 ? { expiresAt: now + step.later + step.expires } : {}),
    },
  };
}

/** A worker that does one thing at a time, on a clock of its own, and its users. */
function worker(t: Bed) {
  const uploads: Upload[] = [];
  const sent: MessageId[] = [];
  let now = START;
  let number = 1;
  let attempts = 0;
  let own = t.own;
  let paused = false;
  let inHand: { readonly id: MessageId; readonly left: boolean } | undefined;
  const any = (of: { readonly index: number; readonly row: number }): MessageId => {
    const one = uploads[of.index % Math.max(1, uploads.length)];
    if (one === undefined) return "3EB0000000000000000000" as MessageId;
    return rowMessageId(one.id, 1 + (of.row % one.rows.length));
  };

  async function draw({ batchId, row: from, edition }: DrawHint): Promise<void> {
    const source = uploads.find(({ id }) => id === batchId);
    if (source === undefined) throw new Error("a batch that nobody uploaded");
    const to = Math.min(from + DRAW, source.rows.length + 1);
    const render = renderRows(source.settings);
    const rows = source.rows
      .slice(from - 1, to - 1)
      .flatMap((row, at) =>
        row === null
          ? []
          : [{ ...row, row: from + at, content: render(row, rowMessageId(batchId, from + at)) }],
      );
    await t.ledger.drawRows(own, { batchId, from, to, rows, edition, now });
  }

  /** Looks until it picks or nothing moves any more. */
  async function feed(): Promise<boolean> {
    for (let turn = 0; ; turn += 1) {
      if (turn > 200) throw new Error("the feed never comes to rest");
      // oxlint-disable-next-line no-await-in-loop -- each look depends on the move before
      const view = await t.ledger.peek(DEVICE, now);
      const [hint] = view.draws;
      if (hint !== undefined) {
        // oxlint-disable-next-line no-await-in-loop
        await draw(hint);
        continue;
      }
      const pick = pickNext(now, { ...view, open: true });
      const { gated, held, later } = pick.aside;
      if (pick.kind === "wait" && gated.length + held.length + later.length === 0) return false;
      const order = { ...pick.aside, now, pace: view.pace, jitter: 0 };
      const picked =
        pick.kind === "pick" ? { pick: { ...pick, id: pick.id as MessageId } } : undefined;
      // oxlint-disable-next-line no-await-in-loop
      const fed = await t.ledger.feed(own, { ...order, ...picked });
      if (fed.kind === "fed") return true;
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
    if (begun.kind === "ghost") return true;
    if (begun.kind === "expired") {
      const detail = "";
      const outcome = begun.mayHaveLeft
        ? ({ to: "failed", now, failure: { code: "OUTCOME_UNKNOWN", detail } } as const)
        : ({ to: "expired", now, failure: { code: "MESSAGE_EXPIRED", detail } } as const);
      await t.ledger.settle(own, first.messageId, { ...outcome, feed: first.feed });
      return true;
    }
    if (begun.kind !== "go") throw new Error(`not begun: ${begun.kind}`);
    await mayGo(first.messageId, begun.mayHaveLeft);
    inHand = { id: first.messageId, left: begun.mayHaveLeft };
    return true;
  }

  /** Nothing leaves whose batch does not go on. */
  async function mayGo(id: MessageId, left: boolean): Promise<void> {
    const batch = await t.ledger.findBatch(rowOf(id).batchId);
    if (batch === undefined || left) return;
    const message = await t.redis.hget(t.keys.message(id), "redriven_at");
    if (message !== null && batch.state !== "paused") return;
    expect(batch.state).toBe("running");
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

  async function die(): Promise<void> {
    inHand = undefined;
    await t.ledger.drop("worker-1", own);
    const next = await t.ledger.take(DEVICE, "worker-1");
    if (next === undefined) throw new Error("no lease");
    own = next;
    await t.ledger.takeOver(own, { now, due: now + 2_000 });
  }

  async function serve(): Promise<void> {
    await t.ledger.serveDue(now, 100);
    await t.ledger.serveBatches(now, 100);
  }

  async function upload(step: Extract<Op, { op: "batch" }>): Promise<void> {
    const one = uploadOf(step, now);
    const { id, settings, rows } = one;
    uploads.push(one);
    const made = await t.ledger.createBatch({
      id,
      settings,
      deviceIds: [DEVICE],
      keyId: "key_1",
      now,
    });
    if (made.kind !== "created") throw new Error(made.kind);
    const errors = rows.flatMap((row, at) =>
      row === null
        ? [
            {
              row: at + 1,
              line: at + 1,
              kind: "invalid",
              field: "to",
              value: null,
              code: "VALIDATION_ERROR",
              message: "",
            } as const,
          ]
        : [],
    );
    await t.ledger.appendChunk(made.batch, { index: 0, hash: "h", rows, errors, now });
    if (step.ends) await t.ledger.finishUpload(id, { rows: rows.length, now });
  }

  async function newNumber(what: "release" | "discard"): Promise<void> {
    number += 1;
    const phone = `55119990000${String(number).padStart(2, "0")}`;
    await t.ledger.changeDevice(own, { state: "connected", now, phone });
    await t.ledger.moveGenerations(DEVICE, what, { now, generation: number });
  }

  async function change(
    step: Extract<Op, { op: "cancel" | "edit" | "late" | "redrive" }>,
  ): Promise<void> {
    const id = any(step);
    if (step.op === "cancel") await t.ledger.cancel(id, now);
    if (step.op === "redrive") await t.ledger.redrive(id, now);
    const message = await t.ledger.findMessage(id);
    if (message === undefined) return;
    if (step.op === "late" && message.mayHaveLeft) await prove(id);
    if (step.op === "edit" && message.status === "queued") {
      const content = { kind: "text", text: "edited" } as const;
      if ((await t.ledger.changeTarget(message, { kind: "body", content }, now)) !== "done") return;
      expect((await t.ledger.findMessage(id))?.content).toEqual(content);
    }
  }

  async function run(step: Op): Promise<void> {
    now += 1;
    switch (step.op) {
      case "batch":
        return upload(step);
      case "single":
        await t.ledger.accept(newMessage({ recipient: step.to, priority: step.priority, at: now }));
        return;
      case "feed":
        await feed();
        return;
      case "end":
        await end(step.end);
        return;
      case "wait":
        now += step.ms;
        return serve();
      case "steer": {
        const one = uploads[step.index % Math.max(1, uploads.length)];
        if (one !== undefined) await t.ledger.steerBatch(one.id, step.wish, now);
        return;
      }
      case "finish": {
        const one = uploads[step.index % Math.max(1, uploads.length)];
        if (one !== undefined) await t.ledger.finishUpload(one.id, { rows: one.rows.length, now });
        return;
      }
      case "cancel":
      case "edit":
      case "late":
      case "redrive":
        return change(step);
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
      case "release":
      case "discard":
        return newNumber(step.op);
    }
  }

  /** All that waits for a time, a user or an answer gets it; what is still open then never moves again. */
  async function drain(): Promise<void> {
    await t.ledger.pauseLane(DEVICE, false, { now });
    await t.ledger.moveGenerations(DEVICE, "release", { now, generation: number });
    for (const { id, rows } of uploads) {
      // oxlint-disable-next-line no-await-in-loop -- few
      await t.ledger.finishUpload(id, { rows: rows.length, now });
      // oxlint-disable-next-line no-await-in-loop
      await t.ledger.steerBatch(id, "resume", now);
    }
    for (let turn = 0; turn < 1_000; turn += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const fed = await feed();
      // oxlint-disable-next-line no-await-in-loop
      if ((await end("sent")) || fed) continue;
      // oxlint-disable-next-line no-await-in-loop
      const [, due] = await t.redis.zrange(t.keys.due(), "0", "0", "WITHSCORES");
      // oxlint-disable-next-line no-await-in-loop
      const open = (await t.ledger.listBatches({ limit: 100 })).batches.filter(
        (batch) => batch.endedAt === undefined || batch.sweeping,
      );
      const times = open
        .map(({ sweeping, sendAt = 0, expiresAt = Infinity, rest }) =>
          sweeping ? now + 1 : rest === "scheduled" ? sendAt : expiresAt,
        )
        .filter((time) => time > now);
      // oxlint-disable-next-line no-await-in-loop
      const held = Number((await t.redis.hget(t.keys.lane(DEVICE), "held_until")) ?? 0);
      const next = Math.min(Number(due ?? Infinity), held > now ? held : Infinity, ...times);
      if (next === Infinity) return;
      now = Math.max(now + 1, next);
      // oxlint-disable-next-line no-await-in-loop
      await serve();
    }
    throw new Error("the lane is never empty");
  }

  return { run, drain, uploads, sent };
}

const OPEN: ReadonlySet<string> = new Set(["scheduled", "queued", "sending", "unknown"]);
const STATUSES = Object.keys(ENTRANCES) as (keyof typeof ENTRANCES)[];

/** The counts of a batch are those of its messages, one by one. */
async function checkCounts(t: Bed, { id, rows }: Upload): Promise<void> {
  const batch = await t.ledger.findBatch(id);
  if (batch === undefined) throw new Error("a batch is lost");
  const { rows: messages, next } = await t.ledger.batchRows(batch, { after: 0, limit: 100 });
  expect(next).toBeUndefined();
  expect(messages.map(({ row }) => row)).toEqual(
    rows.flatMap((row, at) => (row === null ? [] : [at + 1])),
  );
  const counted = Object.fromEntries(
    STATUSES.map((status) => [
      status,
      messages.filter(({ message }) => message.status === status).length,
    ]),
  );
  expect(batch.counts).toMatchObject({ ...counted, accepted: messages.length });
  const open = messages.filter(({ message }) => OPEN.has(message.status));
  expect(batch.open).toBe(open.length);
  const undrawn = open.filter(({ message }) => message.place === "batch");
  expect(batch.undrawn).toBe(undrawn.length);
  const singly = await Promise.all(messages.map(({ message }) => t.ledger.findMessage(message.id)));
  expect(singly).toEqual(messages.map(({ message }) => message));
  const heads = await t.ledger.messageHeads(messages.map(({ message }) => message.id));
  expect(heads.map((head) => head?.status)).toEqual(messages.map(({ message }) => message.status));
}

async function live(t: Bed, ops: readonly Op[]): Promise<void> {
  await t.redis.flushall();
  await t.ledger.createDevice({ id: DEVICE, name: "one", keyId: "key_1", at: 1 });
  const own = await t.ledger.take(DEVICE, "worker-1");
  expect(own).toEqual(t.own);
  await t.ledger.changeDevice(t.own, { state: "connected", now: START, phone: "5511999000001" });
  for (const [last, person] of PEOPLE.entries())
    // oxlint-disable-next-line no-await-in-loop -- few
    await t.ledger.rememberRecipient(person, { lid: `${last}@lid` });
  const { run, drain, uploads, sent } = worker(t);
  for (const step of ops) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    await run(step);
    // oxlint-disable-next-line no-await-in-loop
    for (const upload of uploads) await checkCounts(t, upload);
  }
  await drain();
  // oxlint-disable-next-line no-await-in-loop
  for (const upload of uploads) await checkCounts(t, upload);
  for (const { id } of uploads) {
    // oxlint-disable-next-line no-await-in-loop -- few
    const batch = await t.ledger.findBatch(id);
    expect(batch).toMatchObject({ open: 0, endedAt: expect.any(Number) as number });
  }
  for (const pattern of ["gate", "aside", "waiting", "window", "held", "parkedrows", "batchesof"])
    // oxlint-disable-next-line no-await-in-loop -- few
    expect(await t.redis.keys(`*:${pattern}:*`)).toEqual([]);
  expect(new Set(sent).size).toBe(sent.length);
  await inOrder(t, sent);
}

/** Of one batch, each recipient got its rows in their order; what was redriven came anew. */
async function inOrder(t: Bed, sent: readonly MessageId[]): Promise<void> {
  const records = await Promise.all(sent.map((id) => t.redis.hgetall(t.keys.message(id))));
  const plain = sent.flatMap((id, at) => {
    const record = records[at];
    return record?.["batch"] === undefined || record["redriven_at"] !== undefined
      ? []
      : [{ row: rowOf(id).row, source: `${record["batch"]} ${record["recipient"]}` }];
  });
  for (const list of Map.groupBy(plain, ({ source }) => source).values())
    expect(list.map(({ row }) => row)).toEqual(
      list.map(({ row }) => row).toSorted((a, b) => a - b),
    );
}

test("whatever happens to batches, their counts are true at every moment, no row goes twice, and each recipient gets its rows in order", async () => {
  await using t = await setup({ batch_draw_rows: DRAW, batch_aside_rows: MOST_DRAWN });
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 60, size: "max" }), (ops) =>
      live(t, ops),
    ),
    { numRuns: 15, endOnFailure: false },
  );
}, 480_000);
