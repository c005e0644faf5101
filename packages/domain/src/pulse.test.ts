import { expect, test } from "vitest";
import { addTallies, quantileOf, readPulse, type Tallies } from "./pulse.ts";

const tallies = (fields: Record<string, number>): Tallies => new Map(Object.entries(fields));

/** As the ledger's script names the slot of a time. */
const slot = (ms: number): number => Math.floor(Math.log(ms) * 5.7707801635558535);

test("statuses are summed over their times and codes", () => {
  const { counts, failures, retries, acks } = readPulse(
    tallies({
      accepted: 7,
      "sent|36": 2,
      "sent|40": 3,
      "failed|SEND_FAILED": 1,
      "failed|MEDIA_UNACCEPTABLE": 2,
      "queued|SEND_FAILED": 4,
      queued: 9,
      lease: 1,
    }),
  );
  expect(counts).toMatchObject({ accepted: 7, sent: 5, failed: 3, retried: 4, delivered: 0 });
  expect(failures).toEqual(
    new Map([
      ["SEND_FAILED", 1],
      ["MEDIA_UNACCEPTABLE", 2],
    ]),
  );
  expect(retries).toEqual(new Map([["SEND_FAILED", 4]]));
  expect(acks).toEqual(
    new Map([
      [36, 2],
      [40, 3],
    ]),
  );
});

test("what is told in two stretches adds up, and nothing is told twice", () => {
  const sum = addTallies([tallies({ accepted: 1, read: 2 }), tallies({ accepted: 4 })]);
  expect([...sum]).toEqual([
    ["accepted", 5],
    ["read", 2],
  ]);
});

test("a quantile is right within 10 % of the times that were counted", () => {
  const times = Array.from({ length: 1_000 }, (_, index) => 20 + index * 7);
  const slots = new Map<number, number>();
  for (const ms of times) slots.set(slot(ms), (slots.get(slot(ms)) ?? 0) + 1);
  for (const q of [0.5, 0.9, 0.99]) {
    const real = times[Math.ceil(q * times.length) - 1] ?? 0;
    const read = quantileOf(slots, q) ?? 0;
    expect(Math.abs(read - real) / real).toBeLessThan(0.1);
  }
  expect(quantileOf(new Map(), 0.5)).toBeUndefined();
});
