import fc from "fast-check";
import { expect, test } from "vitest";
import { catalogRow, ERROR_CODES } from "./catalog.ts";
import { type Attempt, doubling, effectOf, nextStep } from "./next-step.ts";
import { DEFAULT_SETTINGS } from "./settings.ts";

const code = fc.constantFrom(...ERROR_CODES);
const attempt: fc.Arbitrary<Attempt> = fc.record({
  number: fc.integer({ min: 1, max: 60 }),
  rounds: fc.integer({ min: 0, max: 6 }),
  mayHaveLeft: fc.boolean(),
  leftAt: fc.integer({ min: 0, max: 1_000_000 }),
  taken: fc.record({
    refresh: fc.integer({ min: 0, max: 2 }),
    "once-more": fc.integer({ min: 0, max: 2 }),
    hold: fc.integer({ min: 0, max: 2 }),
  }),
  now: fc.integer({ min: 1_000_000, max: 2_000_000 }),
  jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

const first: Attempt = {
  number: 1,
  rounds: 0,
  mayHaveLeft: false,
  leftAt: 1_000,
  taken: {},
  now: 1_000,
  jitter: 0.5,
};

test("a wait is never in the past and never beyond what the row allows", () => {
  fc.assert(
    fc.property(code, attempt, (name, facts) => {
      const step = nextStep({ code: name, detail: "" }, facts, DEFAULT_SETTINGS);
      const remedy = catalogRow(name).remedy;
      if (step.kind === "retry") expect(step.at).toBeGreaterThanOrEqual(facts.now);
      if (step.kind === "retry" && remedy.kind === "backoff")
        expect(step.at).toBeLessThanOrEqual(facts.now + remedy.capMs);
    }),
  );
});

test("every series ends: whoever keeps failing with one code fails for good", () => {
  for (const name of ERROR_CODES) {
    if (["park", "throttle"].includes(catalogRow(name).remedy.kind)) continue;
    const taken = { refresh: 1, "once-more": 1, hold: 1 };
    const worn = { ...first, number: 100, rounds: 100, taken };
    expect([name, nextStep({ code: name, detail: "" }, worn, DEFAULT_SETTINGS).kind]).toEqual([
      name,
      "fail",
    ]);
  }
});

test("refresh, once-more and hold are taken once", () => {
  const step = (
    name: "STALE_ADDRESSING" | "RECIPIENT_REFUSED" | "ACCOUNT_RESTRICTED",
    taken = {},
  ) => nextStep({ code: name, detail: "" }, { ...first, taken }, DEFAULT_SETTINGS);
  expect(step("STALE_ADDRESSING")).toEqual({ kind: "retry", at: 1_000, remedy: "refresh" });
  expect(step("STALE_ADDRESSING", { refresh: 1 })).toEqual({ kind: "fail" });
  expect(step("RECIPIENT_REFUSED")).toEqual({ kind: "retry", at: 7_201_000, remedy: "once-more" });
  expect(step("RECIPIENT_REFUSED", { "once-more": 1 })).toEqual({ kind: "fail" });
  expect(step("ACCOUNT_RESTRICTED")).toEqual({ kind: "hold" });
  expect(step("ACCOUNT_RESTRICTED", { hold: 1 })).toEqual({ kind: "fail" });
});

test("an unknown outcome is reconciled for three rounds and a day, then it fails", () => {
  const step = (over: Partial<Attempt>) =>
    nextStep({ code: "OUTCOME_UNKNOWN", detail: "" }, { ...first, ...over }, DEFAULT_SETTINGS);
  expect(step({ rounds: 2 })).toEqual({ kind: "reconcile", at: 11_000 });
  expect(step({ rounds: 3 })).toEqual({ kind: "fail" });
  expect(step({ leftAt: 0, now: 86_400_000 })).toEqual({ kind: "fail" });
});

test("a time that the other side names is kept", () => {
  const failure = { code: "SEND_FAILED", detail: "", notBefore: 90_000 } as const;
  expect(nextStep(failure, first, DEFAULT_SETTINGS)).toMatchObject({ kind: "retry", at: 90_000 });
});

test("a series doubles up to its cap", () => {
  expect([0, 1, 2, 9].map((times) => doubling(10, 60, times))).toEqual([10, 20, 40, 60]);
  expect(doubling(10, 60, 5_000)).toBe(60);
});

test("once a message may have left, its effect is possible whatever the last code", () => {
  for (const name of ERROR_CODES) expect(effectOf(name, true)).toBe("possible");
  expect(effectOf("SEND_FAILED", false)).toBe("none");
});
