import { expect, test } from "vitest";
import type { Blocker } from "./device-state.ts";
import { type GateFacts, gatesOf, GATES, type WaitingFor } from "./gates.ts";

const NOW = 1_700_000_000_000;

function facts(over: Partial<GateFacts> = {}): GateFacts {
  return {
    now: NOW,
    state: "connected",
    stateAt: NOW - 9_000,
    owned: true,
    leftAt: 0,
    pausedAt: 0,
    throttledUntil: 0,
    heldUntil: 0,
    budgetSpentUntil: 0,
    paceAt: 0,
    ready: 3,
    aside: new Map(),
    ...over,
  };
}

function aside(entries: Partial<Record<Blocker, WaitingFor>>): Pick<GateFacts, "aside"> {
  return { aside: new Map(Object.entries(entries) as [Blocker, WaitingFor][]) };
}

test("a free lane passes every gate, in the order of dispatch", () => {
  const gates = gatesOf(facts());
  expect(gates.map(({ gate }) => gate)).toEqual(GATES);
  expect(new Set(gates.map(({ state }) => state))).toEqual(new Set(["pass"]));
});

test.each<[string, Partial<GateFacts>, object]>([
  ["worker", { owned: false, leftAt: NOW - 5 }, { since: NOW - 5, waiting: 3 }],
  ["connection", { state: "logged_out", pausedAt: 5 }, { since: NOW - 9_000, waiting: 3 }],
  ["pause", { pausedAt: NOW - 1 }, { since: NOW - 1, waiting: 3 }],
  ["throttle", { throttledUntil: NOW + 1, paceAt: NOW + 1 }, { until: NOW + 1, waiting: 3 }],
  [
    "hold",
    { heldUntil: NOW + 7, ...aside({ account_hold: { count: 214 } }) },
    { until: NOW + 7, waiting: 214 },
  ],
  ["budget", { budgetSpentUntil: NOW + 2 }, { until: NOW + 2, waiting: 3 }],
  ["pace", { paceAt: NOW + 2 }, { until: NOW + 2, waiting: 3 }],
])("%s is the first that stops, and what follows is not reached", (gate, over, shown) => {
  const gates = gatesOf(facts(over));
  const at = gates.findIndex(({ state }) => state === "stop");
  expect(gates[at]).toMatchObject({ gate, ...shown });
  expect(gates.slice(0, at).every(({ state }) => state === "pass")).toBe(true);
  expect(gates.slice(at + 1).every(({ state }) => state === "not_reached")).toBe(true);
});

test.each<[string, Blocker]>([
  ["batch", "batch_paused"],
  ["quiet_hours", "quiet_hours"],
  ["order", "order"],
  ["retry", "reconcile"],
])("%s stops a lane only when nothing else may go", (gate, reason) => {
  const waits = aside({ [reason]: { count: 2, until: NOW + 60 } });
  const find = (over: Partial<GateFacts>) =>
    gatesOf(facts({ ...over, ...waits })).find((one) => one.gate === gate);
  expect(find({ ready: 1 })).toMatchObject({ state: "pass", waiting: 2 });
  expect(find({ ready: 0 })).toMatchObject({ state: "stop", waiting: 2, until: NOW + 60 });
});
