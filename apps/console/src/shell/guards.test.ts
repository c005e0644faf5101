import { expect, test } from "vitest";
import { guardOf } from "./guards.ts";

test.each([
  ["/", undefined],
  ["/devices", "Devices"],
  ["/devices/dev_1/pair", "Devices"],
  ["/devices-of-mine", undefined],
  ["/messages/3EB0", "Messages"],
  ["/batches", "Batches"],
  ["/batches/bat_1", "Batches"],
  // A key that only sends may upload.
  ["/batches/new", undefined],
  ["/dead-letters", "Dead letters"],
  ["/operations/op_1", "Operation"],
  ["/keys", undefined],
])("%s is guarded as %s", (path, word) => {
  expect(guardOf(path)?.word).toBe(word);
});
