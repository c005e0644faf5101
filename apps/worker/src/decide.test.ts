import { DEFAULT_SETTINGS, ERROR_CODES, type ErrorCode, mayEnter } from "@pombo/domain";
import type { InHand } from "@pombo/ledger";
import { expect, test } from "vitest";
import { decide, decideFailure, type Decision } from "./decide.ts";

const NOW = 1_000_000;
const message: InHand = {
  number: 1,
  rounds: 0,
  mayHaveLeft: false,
  leftAt: 0,
  recipient: "5511900000002",
  content: { kind: "text", text: "x" },
  taken: {},
  syncUntil: 0,
};
const decision: Decision = {
  message,
  lane: { throttles: 0, holds: 0 },
  settings: DEFAULT_SETTINGS,
  now: NOW,
  jitter: 0.5,
  token: "t",
};
const failed = (code: ErrorCode, over: Partial<InHand> = {}) => {
  const verdict = decide(
    { kind: "failed", failure: { code, detail: "" } },
    { ...decision, message: { ...message, ...over } },
  );
  if (verdict.kind !== "settle") throw new Error("a failure must settle");
  return verdict;
};

test("an ack is evidence", () => {
  expect(decide({ kind: "acked", at: 1, proof: "delivered" }, decision)).toEqual({
    kind: "proved",
    proves: "delivered",
  });
});

test("whatever fails, the ledger's table allows what is decided", () => {
  for (const code of ERROR_CODES)
    for (const mayHaveLeft of [false, true]) {
      const { to } = failed(code, { mayHaveLeft }).outcome;
      expect([code, mayEnter(to, "command", { status: "sending" })]).toEqual([code, true]);
    }
});

test("a message that may have left never returns to queued, and never to the backlog", () => {
  for (const code of ERROR_CODES) {
    const { outcome } = failed(code, { mayHaveLeft: true, leftAt: NOW - 5 });
    expect(outcome.to).not.toBe("queued");
    expect(outcome.wait?.kind).not.toBe("backlog");
  }
});

test("an unknown outcome waits for late evidence and keeps its flag; after the rounds it fails", () => {
  const failure = { code: "OUTCOME_UNKNOWN", detail: "" } as const;
  const unknown = (over: Partial<InHand>) =>
    decide({ kind: "unknown", failure }, { ...decision, message: { ...message, ...over } });
  expect(unknown({})).toMatchObject({
    outcome: { to: "unknown", mayHaveLeft: true, wait: { kind: "due", at: NOW + 10_000 } },
  });
  expect(unknown({ rounds: 3, mayHaveLeft: true, leftAt: NOW - 1 })).toMatchObject({
    outcome: { to: "failed", failure: { code: "OUTCOME_UNKNOWN" }, mayHaveLeft: true },
  });
});

test("device trouble uses no attempt up", () => {
  expect(failed("DEVICE_DISCONNECTED").outcome).toMatchObject({
    to: "queued",
    count: -1,
    wait: { kind: "backlog" },
  });
});

test("429 rests the lane, longer every time, and uses no attempt up", () => {
  const failure = { code: "THROTTLED", detail: "" } as const;
  const rest = (throttles: number) =>
    decideFailure(failure, { ...decision, lane: { throttles, holds: 0 }, leftNow: false }).outcome;
  expect(rest(0)).toMatchObject({ throttleUntil: NOW + 300_000, count: -1 });
  expect(rest(2)).toMatchObject({ throttleUntil: NOW + 1_200_000 });
});

test("463 holds the account; a second one fails the message and holds all the same", () => {
  expect(failed("ACCOUNT_RESTRICTED").outcome).toMatchObject({
    to: "queued",
    taken: { hold: 1 },
    holdUntil: NOW + 3_600_000,
  });
  expect(failed("ACCOUNT_RESTRICTED", { taken: { hold: 1 } }).outcome).toMatchObject({
    to: "failed",
    holdUntil: NOW + 3_600_000,
  });
});

test("479 refreshes once with the same id, then fails", () => {
  expect(failed("STALE_ADDRESSING")).toMatchObject({
    refresh: true,
    outcome: { to: "queued", taken: { refresh: 1 }, wait: { kind: "due", at: NOW } },
  });
  expect(failed("STALE_ADDRESSING", { taken: { refresh: 1 } }).outcome.to).toBe("failed");
});

test("a failure before the attempt had begun counts as one, unless it only waits for the device", () => {
  const before = (code: ErrorCode) =>
    decideFailure(
      { code, detail: "" },
      {
        message,
        lane: decision.lane,
        settings: DEFAULT_SETTINGS,
        now: NOW,
        jitter: 0.5,
        leftNow: false,
      },
    ).outcome;
  expect(before("SEND_FAILED")).toMatchObject({ to: "queued", count: 1 });
  expect(before("THROTTLED").count).toBeUndefined();
});

test("while somebody waits for its answer, what has not left takes no wait but fails with its code", () => {
  for (const code of ERROR_CODES) {
    const { outcome } = failed(code, { syncUntil: NOW + 1 });
    expect([code, outcome.wait?.kind === "backlog"]).toEqual([code, false]);
    if (outcome.to !== "failed") expect(["STALE_ADDRESSING", "OUTCOME_UNKNOWN"]).toContain(code);
    expect(failed(code, { syncUntil: NOW }).outcome).toEqual(failed(code).outcome);
    const left = { mayHaveLeft: true, leftAt: NOW - 5 };
    expect(failed(code, { ...left, syncUntil: NOW + 1 }).outcome).toEqual(
      failed(code, left).outcome,
    );
  }
});

test("a lane rests all the same when the message that says so does not wait", () => {
  const { throttleUntil } = failed("THROTTLED", { syncUntil: NOW + 1 }).outcome;
  expect(throttleUntil).toBe(failed("THROTTLED").outcome.throttleUntil);
  expect(failed("ACCOUNT_RESTRICTED", { syncUntil: NOW + 1 }).outcome.holdUntil).toBeGreaterThan(
    NOW,
  );
});

test("what WhatsApp refuses of a deletion or an edit is told under its own name, and retried as that name says", () => {
  const target = { id: "3EB0", fromMe: true };
  const deletion = failed("SEND_REJECTED", { content: { kind: "delete", target } });
  expect(deletion).toMatchObject({
    step: "retry",
    outcome: { failure: { code: "DELETE_FAILED" } },
  });
  const edit = failed("SEND_FAILED", { content: { kind: "edit", target, text: "x" }, number: 99 });
  expect(edit).toMatchObject({ step: "fail", outcome: { failure: { code: "EDIT_FAILED" } } });
});
