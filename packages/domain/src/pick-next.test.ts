import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, type LaneState, pickNext } from "./pick-next.ts";
import { PRIORITIES } from "./priority.ts";

const NOW = 1_000;
const candidate = fc.record({
  priority: fc.constantFrom(...PRIORITIES),
  gated: fc.boolean(),
  warm: fc.boolean(),
});
/** As the ledger gives them: by class, then by sequence. */
const candidates = fc
  .array(candidate, { maxLength: 12 })
  .map((list) =>
    list
      .toSorted((a, b) => PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority))
      .map((one, seq): Candidate => ({ ...one, seq, id: `m${seq}` })),
  );
const lane = (over: Partial<LaneState>): LaneState => ({
  open: true,
  windowUsed: 0,
  windowSize: 2,
  paceAt: 0,
  throttledUntil: 0,
  heldUntil: 0,
  candidates: [],
  ...over,
});

test("the pick is the first free one of the most urgent class that has any", () => {
  fc.assert(
    fc.property(candidates, fc.boolean(), (list, holding) => {
      const pick = pickNext(NOW, lane({ candidates: list, heldUntil: holding ? NOW + 1 : 0 }));
      const free = list.filter(({ gated, warm }) => !gated && (warm || !holding));
      expect(pick.kind === "pick" ? pick.id : undefined).toBe(free[0]?.id);
    }),
  );
});

test("who is set aside can't go, and everyone who can't go is set aside for one reason", () => {
  fc.assert(
    fc.property(candidates, fc.boolean(), (list, holding) => {
      const { aside } = pickNext(NOW, lane({ candidates: list, heldUntil: holding ? NOW + 1 : 0 }));
      const gated = list.filter((one) => one.gated).map(({ id }) => id);
      const cold = list.filter((one) => !one.gated && !one.warm).map(({ id }) => id);
      expect(aside).toEqual({ gated, held: holding ? cold : [] });
    }),
  );
});

test("a closed, full, throttled or paced lane picks nobody and says until when", () => {
  const list: Candidate[] = [{ id: "m", priority: "otp", seq: 1, gated: false, warm: true }];
  const wait = (over: Partial<LaneState>) => pickNext(NOW, lane({ candidates: list, ...over }));
  expect(wait({ open: false })).toMatchObject({ kind: "wait", why: "device_offline" });
  expect(wait({ windowUsed: 2 })).toMatchObject({ kind: "wait", why: "window" });
  expect(wait({ throttledUntil: 5_000 })).toMatchObject({
    kind: "wait",
    why: "pacing",
    until: 5_000,
  });
  expect(wait({ paceAt: 1_001 })).toMatchObject({ kind: "wait", why: "pacing", until: 1_001 });
  expect(wait({ paceAt: 1_000 })).toMatchObject({ kind: "pick" });
});
