import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, FAIR_SHARE, type Hold, type LaneState, pickNext } from "./pick-next.ts";
import { PRIORITIES } from "./priority.ts";

const NOW = 1_000;
const LATER = 5_000;
const plenty = { left: 100, coldLeft: 100, renewsAt: 9_000 };
const candidate = fc.record({
  priority: fc.constantFrom(...PRIORITIES),
  recipient: fc.constantFrom("r1", "r2", "r3", "r4"),
  gated: fc.boolean(),
  warm: fc.boolean(),
  quietUntil: fc.constantFrom(0, NOW, LATER),
  recipientFreeAt: fc.constantFrom(0, NOW, LATER),
});
/** As the ledger gives them: by class, then by sequence. */
const candidates = fc
  .array(candidate, { maxLength: 12 })
  .map((list) =>
    list
      .toSorted((a, b) => PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority))
      .map((one, seq): Candidate => ({ ...one, seq, id: `m${seq}` })),
  );
const hold: fc.Arbitrary<Hold | undefined> = fc.constantFrom<(Hold | undefined)[]>(
  undefined,
  { until: LATER, probing: false },
  { until: NOW, probing: false },
  { until: NOW, probing: true },
);
const one = (over: Partial<Candidate> = {}): Candidate => ({
  id: "m",
  priority: "normal",
  recipient: "r1",
  seq: 1,
  gated: false,
  warm: true,
  quietUntil: 0,
  recipientFreeAt: 0,
  ...over,
});
const lane = (over: Partial<LaneState>): LaneState => ({
  open: true,
  paused: false,
  windowUsed: 0,
  windowSize: 2,
  paceAt: 0,
  throttledUntil: 0,
  budget: plenty,
  passedOver: 0,
  candidates: [],
  ...over,
});
const withHold = (over: Partial<LaneState>, held: Hold | undefined) =>
  lane(held === undefined ? over : { ...over, hold: held });

test("whoever is not picked and not free is set aside, for exactly one reason", () => {
  fc.assert(
    fc.property(candidates, hold, (list, held) => {
      const pick = pickNext(NOW, withHold({ candidates: list }, held));
      const { gated, held: cold, later } = pick.aside;
      const aside = [...gated, ...cold, ...later.map(({ id }) => id)];
      expect(new Set(aside).size).toBe(aside.length);
      if (pick.kind === "pick") expect(aside).not.toContain(pick.id);
      else expect(aside.toSorted()).toEqual(list.map(({ id }) => id).toSorted());
      for (const { at } of later) expect(at).toBeGreaterThan(NOW);
    }),
  );
});

test("the pick is the oldest free one of the most urgent class that has any", () => {
  fc.assert(
    fc.property(candidates, (list) => {
      const pick = pickNext(NOW, lane({ candidates: list }));
      const sleeps = (c: Candidate) => !c.gated && (c.quietUntil > NOW || c.recipientFreeAt > NOW);
      const free = list.filter(
        (c, at) =>
          !c.gated &&
          !sleeps(c) &&
          !list
            .slice(0, at)
            .some((b) => b.recipient === c.recipient && b.priority === c.priority && sleeps(b)),
      );
      expect(pick.kind === "pick" ? pick.id : undefined).toBe(free[0]?.id);
    }),
  );
});

test("the lowest waiting class gets one pick in ten, whatever comes before it", () => {
  const list = [
    ...Array.from({ length: 40 }, (_, seq) => one({ id: `otp${seq}`, seq, priority: "otp" })),
    one({ id: "bulk", seq: 99, priority: "bulk" }),
  ];
  let passedOver = 0;
  const picked: string[] = [];
  for (let turn = 0; turn < FAIR_SHARE; turn += 1) {
    const left = list.filter(({ id }) => !picked.includes(id));
    const pick = pickNext(NOW, lane({ candidates: left, passedOver }));
    if (pick.kind !== "pick") throw new Error("nothing picked");
    picked.push(pick.id);
    passedOver = pick.passedOver;
  }
  expect(picked.indexOf("bulk")).toBe(FAIR_SHARE - 1);
  const owed = (over: number) => pickNext(NOW, lane({ candidates: list, passedOver: over }));
  expect(owed(FAIR_SHARE - 1)).toMatchObject({ id: "bulk", owed: true });
  expect(owed(0)).toMatchObject({ id: "otp0", owed: false });
});

test("during a hold cold messages are held and warm ones flow; when its time has come one probe goes", () => {
  const list = [one({ id: "cold", warm: false }), one({ id: "warm", seq: 2, recipient: "r2" })];
  const pick = (held: Hold) => pickNext(NOW, withHold({ candidates: list }, held));
  expect(pick({ until: LATER, probing: false })).toMatchObject({
    id: "warm",
    probe: false,
    aside: { held: ["cold"] },
  });
  expect(pick({ until: NOW, probing: false })).toMatchObject({ id: "cold", probe: true });
  expect(pick({ until: NOW, probing: true })).toMatchObject({
    id: "warm",
    aside: { held: ["cold"] },
  });
});

test("what is set aside stands before the later ones of its recipient and class, and before nobody else", () => {
  const list = [
    one({ id: "otp", priority: "otp" }),
    one({ id: "asleep", seq: 2, quietUntil: LATER }),
    one({ id: "behind", seq: 3 }),
    one({ id: "other", seq: 4, recipient: "r2" }),
  ];
  const aside = { gated: ["behind"], later: [{ id: "asleep" }] };
  expect(pickNext(NOW, lane({ candidates: list }))).toMatchObject({ id: "otp", aside });
  const rest = lane({ candidates: list.slice(1) });
  expect(pickNext(NOW, rest)).toMatchObject({ id: "other", aside });
});

test("cold sends have a budget of their own", () => {
  const list = [one({ id: "cold", warm: false }), one({ id: "warm", seq: 2, recipient: "r2" })];
  expect(
    pickNext(NOW, lane({ candidates: list, budget: { ...plenty, coldLeft: 0 } })),
  ).toMatchObject({
    id: "warm",
    aside: { later: [{ id: "cold", at: 9_000, why: "budget" }] },
  });
});

test("a closed, paused, full, throttled, spent or paced lane picks nobody and says until when", () => {
  const wait = (over: Partial<LaneState>) => pickNext(NOW, lane({ candidates: [one()], ...over }));
  expect(wait({ open: false })).toMatchObject({ kind: "wait", why: "device_offline" });
  expect(wait({ paused: true })).toMatchObject({ kind: "wait", why: "lane_paused" });
  expect(wait({ windowUsed: 2 })).toMatchObject({ kind: "wait", why: "window" });
  expect(wait({ throttledUntil: 5_000 })).toMatchObject({
    kind: "wait",
    why: "pacing",
    until: 5_000,
  });
  expect(wait({ budget: { ...plenty, left: 0 } })).toMatchObject({ why: "budget", until: 9_000 });
  expect(wait({ paceAt: 1_001 })).toMatchObject({ kind: "wait", why: "pacing", until: 1_001 });
  expect(wait({ paceAt: 1_000 })).toMatchObject({ kind: "pick" });
});
