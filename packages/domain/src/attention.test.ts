import { expect, test } from "vitest";
import { type AttentionFacts, attentionOf, type LaneCondition } from "./attention.ts";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

const lane = (over: Partial<LaneCondition> = {}): LaneCondition => ({
  deviceId: "dev_1",
  state: "connected",
  stateAt: NOW - 600 * MINUTE,
  owned: true,
  leftAt: 0,
  waiting: 5,
  held: 0,
  heldUntil: 0,
  oldestAt: NOW - 10 * MINUTE,
  fedAt: NOW - 1_000,
  gapMs: 0,
  ...over,
});

const facts = (over: Partial<AttentionFacts> = {}): AttentionFacts => ({
  now: NOW,
  lanes: [lane()],
  workers: 1,
  stallMs: MINUTE,
  handoverMs: 5_000,
  redis: { usedPercent: 10, intakePercent: 70, writable: true },
  deadLetters: 3,
  failures: [],
  webhooks: [],
  ...over,
});

test("a lane that moves needs nobody, however much waits", () => {
  expect(attentionOf(facts())).toEqual([]);
  const long = lane({ waiting: 100_000, oldestAt: NOW - 3_000 * MINUTE });
  expect(attentionOf(facts({ lanes: [long] }))).toEqual([]);
});

test("a stall is one only without a reason, after two turns of the lane", () => {
  const still = lane({ fedAt: NOW - 5 * MINUTE });
  const since = NOW - 5 * MINUTE;
  const stall = { kind: "unexplained_stall", deviceId: "dev_1", size: 5, since };
  expect(attentionOf(facts({ lanes: [still] }))).toEqual([stall]);
  const others: Partial<LaneCondition>[] = [
    { blockedBy: "pacing" },
    { waiting: 0 },
    { owned: false, leftAt: NOW },
    { gapMs: 3 * MINUTE },
    { oldestAt: NOW - 1_000 },
    { stateAt: NOW - 1_000 },
  ];
  for (const other of others)
    expect(attentionOf(facts({ lanes: [{ ...still, ...other }] })), JSON.stringify(other)).toEqual(
      [],
    );
});

test("devices without a worker are one item, and not during a change of hands", () => {
  const left = lane({ owned: false, leftAt: NOW - 9_000 });
  const fresh = lane({ owned: false, leftAt: NOW - 1_000 });
  expect(attentionOf(facts({ lanes: [left, left, fresh] }))).toEqual([
    { kind: "no_worker", size: 2, since: NOW - 9_000 },
  ]);
  expect(attentionOf(facts({ lanes: [fresh], workers: 0 }))).toMatchObject([
    { kind: "no_worker", size: 1 },
  ]);
});

test("letters rise when more came lately than before, and while there are any", () => {
  const failures = [
    { code: "MEDIA_UNACCEPTABLE", count: 9, since: NOW - 20 * MINUTE, lately: 7, before: 2 },
    { code: "SEND_FAILED", count: 9, since: NOW - 50 * MINUTE, lately: 2, before: 7 },
  ] as const;
  expect(attentionOf(facts({ failures }))).toMatchObject([
    { kind: "dead_letters_rising", code: "MEDIA_UNACCEPTABLE", size: 9 },
  ]);
  expect(attentionOf(facts({ failures, deadLetters: 0 }))).toEqual([]);
});

test("the most urgent comes first, then the largest", () => {
  const items = attentionOf(
    facts({
      lanes: [
        lane({ deviceId: "away", state: "disconnected", waiting: 900 }),
        lane({ deviceId: "held", held: 4, heldUntil: NOW + MINUTE }),
        lane({ deviceId: "more-held", held: 40, heldUntil: NOW + MINUTE }),
        lane({ deviceId: "banned", state: "blocked" }),
        lane({ deviceId: "idle", state: "disconnected", waiting: 0 }),
      ],
      redis: { usedPercent: 61, intakePercent: 70, writable: true },
      webhooks: [
        { id: "whk_1", failing: true, until: NOW + 1, size: 3 },
        { id: "whk_2", failing: false, size: 3 },
      ],
    }),
  );
  expect(
    items.map(({ kind, deviceId, webhookId }) => `${kind} ${deviceId ?? webhookId ?? ""}`),
  ).toEqual([
    "redis ",
    "blocked_account banned",
    "hold more-held",
    "hold held",
    "webhook_failing whk_1",
    "offline_with_backlog away",
  ]);
});

test("a device that connects is away when it has not succeeded for as long as a lane may stand", () => {
  const since = NOW - MINUTE;
  const tries = lane({ state: "connecting", stateAt: since, waiting: 2 });
  expect(attentionOf(facts({ lanes: [tries] }))).toEqual([
    { kind: "offline_with_backlog", deviceId: "dev_1", size: 2, since },
  ]);
  expect(attentionOf(facts({ lanes: [{ ...tries, stateAt: since + 1 }] }))).toEqual([]);
  expect(attentionOf(facts({ lanes: [{ ...tries, waiting: 0 }] }))).toEqual([]);
});

test("a Redis that can't write its file is told at any fill", () => {
  const redis = { usedPercent: 0, intakePercent: 70, writable: false };
  expect(attentionOf(facts({ redis }))).toEqual([{ kind: "redis", size: 0 }]);
});
