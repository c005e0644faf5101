import fc from "fast-check";
import { expect, test } from "vitest";
import { bar, span } from "./bar.ts";

test("the bar shows the share, and what is told behind it", () => {
  expect(bar({ done: 600, total: 1_000 }, 60, ["25/s", "16 s left"])).toBe(
    `[${"█".repeat(15)}${"░".repeat(10)}]  60 % 600/1,000  25/s  16 s left`,
  );
});

test("where there is little room the bar goes first, then what is told", () => {
  const share = { done: 600, total: 1_000 };
  expect(bar(share, 35, ["25/s", "16 s left"])).toBe(" 60 % 600/1,000  25/s  16 s left");
  expect(bar(share, 22, ["25/s", "16 s left"])).toBe(" 60 % 600/1,000  25/s");
});

test("only what is whole is 100 %, and nothing is none", () => {
  expect(bar({ done: 9_999, total: 10_000 }, 20)).toMatch(/^ 99 %/);
  expect(bar({ done: 0, total: 0 }, 20)).toMatch(/^ {2}0 %/);
});

test("it is never wider than the room, unless the numbers alone are", () => {
  const share = fc.record({ done: fc.nat(10_000_000), total: fc.nat(10_000_000) });
  fc.assert(
    fc.property(share, fc.integer({ min: 28, max: 300 }), (one, columns) => {
      expect(bar(one, columns, ["99,999/s", "23 h 59 min left"]).length).toBeLessThanOrEqual(
        columns,
      );
    }),
  );
});

test.each([
  [0, "0 s"],
  [59_000, "59 s"],
  [61_000, "1 min 01 s"],
  [7_500_000, "2 h 05 min"],
  [200_000_000, "2 d 7 h"],
])("%i ms are %s", (ms, says) => {
  expect(span(ms)).toBe(says);
});
