import { expect, test } from "vitest";
import {
  type Device,
  type Lane,
  type LaneGates,
  type ListedDevice,
  matches,
  rankOf,
} from "./device.ts";
import { readPace, textsOf } from "./pace-fields.ts";
import { inGroups, stepOf } from "./pairing.ts";
import { readSort, writeSort } from "./sort.ts";
import { gateWord, whyOf } from "./why.ts";

function listed(
  over: Partial<ListedDevice>,
  lane: Partial<NonNullable<ListedDevice["lane"]>> = {},
) {
  const device = { device_id: "dev_1", name: "Sales 3", state: "connected", cause: null };
  return {
    ...device,
    lane: { waiting: 0, blocked_by: null, attention: null, ...lane },
    ...over,
  } as ListedDevice;
}

test("who needs somebody comes first, then who waits", () => {
  const order = [
    listed({ state: "logged_out" }),
    listed({}, { attention: "hold" }),
    listed({ state: "disconnected" }),
    listed({}, { waiting: 3 }),
    listed({}),
  ];
  expect(order.map(rankOf)).toEqual([0, 1, 2, 3, 4]);
});

test("filters hold together", () => {
  const device = listed({}, { blocked_by: "pacing", attention: "hold" });
  expect(
    matches(device, { state: "connected", blockedBy: "pacing", needs: true, text: "SALES" }),
  ).toBe(true);
  expect(matches(device, { text: "dev_1" })).toBe(true);
  for (const filter of [{ state: "blocked" }, { blockedBy: "order" }, { text: "other" }])
    expect(matches(device, filter)).toBe(false);
  expect(matches(listed({}), { needs: true })).toBe(false);
});

const LANE = {
  depth: { total: 232, held: 214, earlier_identity: 0 },
  pace: { allowed_per_minute: 8, actual_per_minute: 6.2 },
  paused_by: "key_1",
} as unknown as Lane;

function gates(stop: object | undefined, over: object = {}): LaneGates {
  return {
    unexplained: false,
    waiting: [],
    gates: stop === undefined ? [] : [stop],
    ...over,
  } as unknown as LaneGates;
}

test("the first blocker of a lane is a sentence with its end", () => {
  const at = "2026-01-01T12:00:00Z";
  const stop = { state: "stop", waiting: 214, since: null, until: at };
  const hold = whyOf(gates({ ...stop, gate: "hold" }), LANE).sentence;
  expect(hold).toContain("WhatsApp limits new chats on this number until");
  expect(hold).toContain("214 cold messages wait; 18 others still flow. Nothing to do.");
  expect(whyOf(gates({ ...stop, gate: "pace" }), LANE).sentence).toContain("8 messages a minute");
  expect(whyOf(gates({ ...stop, gate: "pause", since: at }), LANE).sentence).toContain(
    ", by key_1.",
  );
  expect(whyOf(gates(undefined), LANE).sentence).toBe("Nothing is waiting.");
  expect(whyOf(gates(undefined, { unexplained: true }), LANE).unexplained).toBe(true);
  expect(gateWord({ gate: "pause", state: "stop", waiting: 0 })).toBe("paused");
  expect(gateWord({ gate: "pause", state: "pass", waiting: 0 })).toBe("not paused");
  expect(gateWord({ gate: "pause", state: "not_reached", waiting: 3 })).toBe("paused");
});

test("a pairing goes from the code by the restart to the connection", () => {
  const device = { state: "pairing", cause: null } as Device;
  expect(stepOf(device, false)).toBe("waiting");
  expect(stepOf(device, true)).toBe("scanned");
  expect(stepOf({ ...device, state: "connecting", cause: "restart_required" }, false)).toBe(
    "restarting",
  );
  expect(stepOf({ ...device, state: "connected" }, false)).toBe("connected");
  // Before its first code.
  expect(stepOf({ ...device, state: "connecting" }, false)).toBe("waiting");
  expect(inGroups("ABCD1234")).toBe("ABCD-1234");
});

test("a pace is read field by field; what has no field stays", () => {
  const before = { per_minute: 8, warm_up: [20, 40] };
  const texts = textsOf(before);
  expect(texts).toMatchObject({ per_minute: "8", gap_ms: "" });
  expect(readPace({ ...texts, per_minute: "", daily_cap: " 40 " }, before)).toEqual({
    kind: "pace",
    pace: { daily_cap: 40, warm_up: [20, 40] },
  });
  expect(readPace({ ...texts, gap_ms: "fast" }, before)).toMatchObject({
    kind: "refused",
    errors: { gap_ms: expect.any(String) },
  });
});

test("how a list is sorted stands in its address, unless it is as always", () => {
  for (const text of ["-waiting", "name"]) expect(writeSort(readSort(text))).toBe(text);
  expect(readSort(undefined)).toEqual({ by: "state", descending: false });
  expect(writeSort(readSort(""))).toBeUndefined();
});
