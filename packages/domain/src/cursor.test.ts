import fc from "fast-check";
import { expect, test } from "vitest";
import { compareCursors, isCursor } from "./cursor.ts";

test("cursors are ordered by time, then by number, never as text", () => {
  const sorted = ["0-0", "9-0", "10-2", "10-10", "1700000000000-0", "1700000000000-1"];
  expect(sorted.toReversed().toSorted(compareCursors)).toEqual(sorted);
});

test("the order is the order of their numbers", () => {
  const part = fc.nat({ max: 2 ** 31 });
  fc.assert(
    fc.property(part, part, part, part, (a, b, c, d) => {
      const expected = a === c ? Math.sign(b - d) : Math.sign(a - c);
      expect(Math.sign(compareCursors(`${a}-${b}`, `${c}-${d}`))).toBe(expected);
    }),
  );
});

test.each(["", "1", "-1", "1-", "a-1", "1-1-1", "1-1 ", "99999999999999999-0"])(
  "%j is none",
  (text) => {
    expect(isCursor(text)).toBe(false);
  },
);
