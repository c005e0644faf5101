import { expect, test } from "vitest";
import { keptFor } from "./kept-for.ts";

/** Looks that take what `took` says, by a clock that only they and the test move. */
function open(took: number) {
  let [now, looks] = [0, 0];
  const ask = keptFor(
    1_000,
    () => now,
    async () => {
      looks += 1;
      await Promise.resolve();
      now += took;
      return looks;
    },
  );
  const askAt = (at: number): Promise<number> => {
    now = at;
    return ask();
  };
  return { askAt };
}

test("a look stands for its time, and those who ask together get the same one", async () => {
  const { askAt } = open(5);
  expect(await Promise.all([askAt(0), askAt(1)])).toEqual([1, 1]);
  expect(await askAt(999)).toBe(1);
  expect(await askAt(1_000)).toBe(2);
});

test("a dear look stands longer, so that looking takes a twentieth of the time", async () => {
  const { askAt } = open(100);
  expect(await askAt(0)).toBe(1);
  expect(await askAt(1_999)).toBe(1);
  expect(await askAt(2_000)).toBe(2);
});

test("however dear it is, it is taken anew after five seconds", async () => {
  const { askAt } = open(3_000);
  expect(await askAt(0)).toBe(1);
  expect(await askAt(4_999)).toBe(1);
  expect(await askAt(5_000)).toBe(2);
});

test("a look that failed is not kept", async () => {
  let looks = 0;
  const ask = keptFor(
    1_000,
    () => 0,
    async () => {
      looks += 1;
      if (looks === 1) throw new Error("away");
      return looks;
    },
  );
  await expect(ask()).rejects.toThrow("away");
  expect(await ask()).toBe(2);
});
