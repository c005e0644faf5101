import { expect, test } from "vitest";
import { buildTimeline } from "./build-timeline.ts";
import { messageVerdict } from "./message-verdict.ts";
import { nextBlock } from "./next-block.ts";
import { WAIT_WORDS } from "./wait-words.ts";

const AT = Date.parse("2030-01-31T14:02:11Z");
const at = (s: number): string => new Date(AT + s * 1_000).toISOString();

const facts = {
  attempts: 1,
  batch_id: null,
  blocked_by: null,
  device_id: "dev_1",
  eta: null,
  last_error: null,
  may_have_left: false,
  message_id: "3EB0A1B2C3D4E5F6A7B8C9",
  next_attempt_at: null,
  receipts: null,
  waits_for: null,
} as const;
const error = { error_code: "SEND_FAILED", error: "nack 500", at: at(1) } as const;

test("the wireframe's message: accepted, waited, tried, no answer", () => {
  const rows = buildTimeline({
    send_at: null,
    blocked_by: "reconcile",
    blocked_since: at(18.4),
    timeline: [
      { status: "queued", at: at(0) },
      { status: "sending", at: at(3.4), attempt: 1 },
      { status: "unknown", at: at(18.4), attempt: 1, error_code: "OUTCOME_UNKNOWN" },
    ],
  });
  expect(rows.map(({ kind, text, code }) => [kind, text, code])).toEqual([
    ["change", "accepted", undefined],
    ["wait", "waited 3.4 s: its turn", undefined],
    ["attempt", "attempt 1", undefined],
    ["change", "no answer in 15 s", "OUTCOME_UNKNOWN"],
    ["wait", "waiting: the outcome", undefined],
  ]);
  expect(rows.at(-1)).toMatchObject({ open: true, at: at(18.4) });
});

test("a wait is told with what it was for; a short one only when that is known", () => {
  const timeline = [
    { status: "queued", at: at(0) },
    { status: "sending", at: at(0.1), attempt: 1 },
    { status: "queued", at: at(0.2), attempt: 1, error_code: "SEND_FAILED" },
    { status: "sending", at: at(2.2), attempt: 2, waited_for: "retry" },
    { status: "sent", at: at(2.3), attempt: 2 },
    { status: "read", at: at(4.3), attempt: 2 },
    { status: "delivered", at: at(5), late: true },
  ] as const;
  const told = buildTimeline({
    send_at: null,
    blocked_by: null,
    blocked_since: null,
    timeline: [...timeline],
  });
  expect(told.map(({ text }) => text)).toEqual([
    "accepted",
    "attempt 1",
    "back in line",
    "waited 2 s: the next attempt",
    "attempt 2",
    "WhatsApp acknowledged it after 100 ms",
    "read after 2 s",
    "on the recipient’s phone, reported late: it changed nothing",
  ]);
});

test("next says what happens, when and why, with the page where to act", () => {
  const retry = {
    ...facts,
    status: "queued",
    blocked_by: "retry",
    eta: at(9),
    last_error: error,
  } as const;
  expect(nextBlock(retry, 6)).toEqual({
    what: "Tried again: attempt 2 of at most 6.",
    why: "The failure is one that passes. Last answer: SEND_FAILED.",
    at: at(9),
  });
  const gated = { ...facts, status: "queued", blocked_by: "order", waits_for: "3EB0X" } as const;
  expect(nextBlock(gated).link).toEqual({ href: "/messages/3EB0X", label: "The earlier message" });
  const failed = { ...facts, status: "failed", last_error: error } as const;
  expect(nextBlock(failed).link?.href).toBe(`/dead-letters?letter=${facts.message_id}`);
  const held = { ...facts, status: "queued", blocked_by: "account_hold", eta: at(60) } as const;
  expect(nextBlock(held)).toMatchObject({ at: at(60), link: { href: "/devices/dev_1" } });
});

test("verdicts say only what is known", () => {
  expect(messageVerdict({ ...facts, status: "failed", last_error: error })).toBe(
    "It failed: nack 500. It was not sent.",
  );
  expect(
    messageVerdict({ ...facts, status: "failed", last_error: error, may_have_left: true }),
  ).toBe("It failed: nack 500. It may have arrived all the same.");
  expect(messageVerdict({ ...facts, status: "queued", blocked_by: "order" })).toBe(
    "An earlier message to this person comes first.",
  );
  const group = { ...facts, status: "read", receipts: { delivered: 3, read: 1 } } as const;
  expect(messageVerdict(group)).toBe("It reached 3 of the group; 1 have read it.");
});

test("no sentence of the console shouts", () => {
  expect(JSON.stringify(WAIT_WORDS)).not.toContain("!");
});
