import { expect, test } from "vitest";
import { explainWait, type WaitFacts } from "./explain-wait.ts";

const facts: WaitFacts = {
  status: "queued",
  place: "backlog",
  since: 10,
  sameGeneration: true,
  device: { state: "connected", since: 5, owned: true },
  throttledUntil: 0,
  heldUntil: 0,
  paceAt: 0,
  budgetSpentUntil: 0,
  paused: false,
  recipientKnown: true,
  gapMs: 0,
  ahead: 0,
  now: 1_000,
};

const cases: readonly [string, Partial<WaitFacts>, object | undefined][] = [
  ["a settled message waits for nothing", { status: "sent", place: "" }, undefined],
  [
    "a sending message waits for nothing of ours",
    { status: "sending", place: "window" },
    undefined,
  ],
  [
    "a retry says when",
    { place: "due", nextAt: 2_000 },
    { blockedBy: "retry", since: 10, eta: 2_000 },
  ],
  [
    "an unknown outcome is reconciled",
    { status: "unknown", place: "due", nextAt: 3_000 },
    { blockedBy: "reconcile", since: 10, eta: 3_000 },
  ],
  [
    "a device that was never connected is offline, owner or not",
    { device: { state: "created", since: 7, owned: false } },
    { blockedBy: "device_offline", since: 7 },
  ],
  [
    "a device whose worker died has no worker",
    { device: { state: "connected", since: 7, owned: false } },
    { blockedBy: "no_worker", since: 7 },
  ],
  ["behind a gate it is the order", { place: "waiting" }, { blockedBy: "order", since: 10 }],
  [
    "held until the account may start chats again",
    { place: "held", heldUntil: 9_000 },
    { blockedBy: "account_hold", since: 10, eta: 9_000 },
  ],
  [
    "a hold whose end has passed, and that is probed, names no time",
    { place: "held", heldUntil: 900 },
    { blockedBy: "account_hold", since: 10 },
  ],
  [
    "a retry that is due names no time either",
    { place: "due", nextAt: 1_000 },
    { blockedBy: "retry", since: 10 },
  ],
  [
    "behind a spent day it is the budget, until the next day",
    { budgetSpentUntil: 9_000, paceAt: 2_000, gapMs: 10 },
    { blockedBy: "budget", since: 10, eta: 9_000 },
  ],
  ["throttled", { throttledUntil: 4_000 }, { blockedBy: "pacing", since: 10, eta: 4_000 }],
  [
    "of another phone number",
    { sameGeneration: false },
    { blockedBy: "identity_changed", since: 10 },
  ],
  [
    "in a paced backlog its turn can be told",
    { paceAt: 1_500, gapMs: 2_000, ahead: 3 },
    { blockedBy: "pacing", since: 10, eta: 7_500 },
  ],
  [
    "of a batch that was paused, whatever its lane does",
    { place: "parked", batchStill: 500, paused: true, sameGeneration: false },
    { blockedBy: "batch_paused", since: 500 },
  ],
  [
    "of a batch that was paused before it came",
    { place: "batch", batchStill: 5 },
    { blockedBy: "batch_paused", since: 10 },
  ],
  [
    "scheduled in a batch that is ready",
    { status: "scheduled", place: "batch", batchStill: 5, nextAt: 3_000 },
    { blockedBy: "scheduled", since: 10, eta: 3_000 },
  ],
  [
    "in its batch, behind a spent day",
    { place: "batch", budgetSpentUntil: 9_000 },
    { blockedBy: "budget", since: 10, eta: 9_000 },
  ],
  ["a paused lane", { paused: true }, { blockedBy: "lane_paused", since: 10 }],
];

test.each(cases)("%s", (_, over, wait) => {
  expect(explainWait({ ...facts, ...over })).toEqual(wait);
});
