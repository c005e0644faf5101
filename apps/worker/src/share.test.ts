import fc from "fast-check";
import { expect, test } from "vitest";
import { shareOf } from "./share.ts";

const count = fc.integer({ min: 0, max: 5_000 });
const some = fc.integer({ min: 1, max: 50 });

test("whoever gives away stays at its share, and the shares of all cover every device", () => {
  fc.assert(
    fc.property(count, some, count, (owned, workers, devices) => {
      const { target, surplus } = shareOf({ owned, workers, devices, capacity: 10_000 });
      expect(target * workers).toBeGreaterThanOrEqual(devices);
      if (surplus > 0) expect(owned - surplus).toBe(target);
    }),
  );
});

test("one device more or less makes nobody give away", () => {
  expect(shareOf({ owned: 51, workers: 2, devices: 100, capacity: 999 }).surplus).toBe(0);
  expect(shareOf({ owned: 100, workers: 2, devices: 100, capacity: 999 }).surplus).toBe(50);
});

test("a worker never takes more than it can carry", () => {
  expect(shareOf({ owned: 0, workers: 1, devices: 100, capacity: 30 }).target).toBe(30);
});
