import { expect, test } from "vitest";
import type { FaultAction } from "./faults.ts";
import { memoryJournal } from "./journal.ts";
import { openPhones, type PhoneSettings } from "./phones.ts";
import { planReceipts } from "./receipts.ts";

const delays = { ack: 0, delivered: 5, read: 20 };
const settings = openPhones({ journal: memoryJournal, inboxRows: 1 }).settings("15550001");
const plan = (fault?: FaultAction, changes: Partial<PhoneSettings> = {}, kind = {}) =>
  planReceipts(
    { settings: { ...settings, ...changes }, delays, fault },
    { copied: false, repeated: false, ...kind },
  ).map(({ type, afterMs }) => `${type ?? "delivered"}@${afterMs}`);

test("which receipts a phone sends, and when", () => {
  expect(plan()).toEqual(["delivered@5", "read@20"]);
  expect(plan(undefined, { read_receipts: false })).toEqual(["delivered@5"]);
  expect(plan(undefined, { delivery_receipts: false, read_receipts: false })).toEqual([]);
  expect(plan(undefined, {}, { repeated: true })).toEqual(["delivered@5"]);
  expect(plan(undefined, {}, { copied: true })).toEqual([]);
  expect(plan(undefined, { sender_receipts: true }, { copied: true })).toEqual(["sender@5"]);
  expect(plan({ kind: "drop" })).toEqual([]);
  expect(plan({ kind: "delay", ms: 100 })).toEqual(["delivered@105", "read@120"]);
  expect(plan({ kind: "read_first" })).toEqual(["delivered@20", "read@5"]);
  expect(plan({ kind: "duplicate" })).toEqual(["delivered@5", "delivered@5", "read@20", "read@20"]);
  expect(plan({ kind: "inactive" })).toEqual(["inactive@5"]);
});
