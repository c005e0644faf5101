import { DEFAULT_SETTINGS } from "@pombo/domain";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DISCONNECT_TABLE } from "./disconnect-table.ts";
import {
  type ConnectionHistory,
  type Ending,
  type Moment,
  NO_HISTORY,
  nextConnection,
} from "./next-connection.ts";

const NOW = 1_000_000;
const settings = DEFAULT_SETTINGS;

function ending(why: Ending["why"], more: Partial<Ending> = {}): Ending {
  return { why, text: "", pairing: false, paired: true, openMs: 0, ...more };
}

function decide(
  end: Ending,
  history: ConnectionHistory = NO_HISTORY,
  moment: Partial<Moment> = {},
) {
  return nextConnection(end, history, { settings, moment: { now: NOW, jitter: 0.5, ...moment } });
}

/** The published table: WhatsApp's reason and what the device does. */
const PUBLISHED: readonly (readonly [number, string, string])[] = [
  [401, "forget", "logged_out"],
  [402, "stop", "blocked"],
  [403, "stop", "blocked"],
  [405, "stop", "disconnected"],
  [406, "stop", "blocked"],
  [408, "reconnect", "connecting"],
  [409, "stop", "disconnected"],
  [411, "stop", "disconnected"],
  [413, "stop", "disconnected"],
  [414, "stop", "disconnected"],
  [415, "stop", "disconnected"],
  [416, "stop", "disconnected"],
  [417, "stop", "disconnected"],
  [418, "stop", "disconnected"],
  [419, "forget", "logged_out"],
  [428, "reconnect", "connecting"],
  [429, "reconnect", "connecting"],
  [440, "ask-owner", "connecting"],
  [500, "reconnect", "connecting"],
  [501, "reconnect", "connecting"],
  [503, "reconnect", "connecting"],
  [515, "reconnect", "connecting"],
  [516, "forget", "logged_out"],
  [777, "reconnect", "connecting"],
];

test.each(PUBLISHED)("%i: %s, %s", (why, kind, state) => {
  expect(decide(ending(why)).next).toMatchObject({ kind, row: { state } });
});

test("the published table names every row there is", () => {
  expect(PUBLISHED.map(([code]) => code).filter((code) => code !== 777)).toEqual(
    Object.keys(DISCONNECT_TABLE).map(Number),
  );
});

test("only a confirmed removal forgets, whatever the code and the history", () => {
  const removal = new Set([401, 419, 516]);
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 1_100 }), fc.boolean(), (why, afterRestart) => {
      const { next } = decide(ending(why), { ...NO_HISTORY, afterRestart });
      if (next.kind === "forget") expect(removal.has(why) && !afterRestart).toBe(true);
    }),
  );
});

test("an ending without a code reconnects", () => {
  expect(decide(ending(undefined)).next).toMatchObject({
    kind: "reconnect",
    row: { cause: "unknown" },
  });
});

test("the wait doubles up to its cap, and chance takes at most half of it", () => {
  let history = NO_HISTORY;
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    const { next, history: after } = decide(ending(428), history, { jitter: 0.999_999 });
    history = after;
    if (next.kind === "reconnect") waits.push(next.afterMs);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(decide(ending(428), NO_HISTORY, { jitter: 0 }).next).toMatchObject({ afterMs: 500 });
});

test("a connection that held begins the waits anew, one that flapped does not", () => {
  const tired = { ...NO_HISTORY, failures: 5 };
  expect(decide(ending(428, { openMs: settings.reconnect_cap_ms }), tired).next).toMatchObject({
    afterMs: 750,
  });
  expect(decide(ending(428, { openMs: 100 }), tired).next).toMatchObject({ afterMs: 24_000 });
});

test("a throttled device rests five minutes, then ten", () => {
  const first = decide(ending(429));
  expect(first.next).toMatchObject({
    kind: "reconnect",
    afterMs: 300_000,
    row: { code: "THROTTLED" },
  });
  expect(decide(ending(429), first.history).next).toMatchObject({ afterMs: 600_000 });
});

test("a restart is taken at once three times in a row, then it waits", () => {
  let history = NO_HISTORY;
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    const decided = decide(ending(515), history);
    history = decided.history;
    if (decided.next.kind === "reconnect") waits.push(decided.next.afterMs);
  }
  expect(waits).toEqual([0, 0, 0, 750]);
});

describe("replaced by another login", () => {
  const first = decide(ending(440));
  test("asks who owns the device and waits", () => {
    expect(first.next).toMatchObject({ kind: "ask-owner", afterMs: settings.replaced_wait_ms });
  });
  test("a second time within the window it stops", () => {
    const soon = decide(ending(440, { openMs: 5_000 }), first.history, {
      now: NOW + settings.replaced_window_ms - 1,
    });
    expect(soon.next).toMatchObject({
      kind: "stop",
      row: { state: "disconnected", cause: "replaced" },
    });
  });
  test("a second time after the window it asks again", () => {
    const later = decide(ending(440), first.history, { now: NOW + settings.replaced_window_ms });
    expect(later.next.kind).toBe("ask-owner");
  });
});

describe("a refused login", () => {
  test("right after a restart gets one more try, the second one counts", () => {
    const restarted = decide(ending(515, { pairing: true })).history;
    const once = decide(ending(401), restarted);
    expect(once.next).toMatchObject({
      kind: "reconnect",
      row: { state: "connecting", cause: "login_refused" },
    });
    expect(decide(ending(401), once.history).next.kind).toBe("forget");
  });
  test("counts at once when the restart is long over", () => {
    const restarted = decide(ending(515)).history;
    const opened = decide(ending(428, { openMs: 10 }), restarted).history;
    expect(decide(ending(401), opened).next.kind).toBe("forget");
  });
  test("while nothing is paired yet forgets nothing", () => {
    const refused = decide(ending(401, { pairing: true, paired: false }));
    expect(refused.next).toMatchObject({ kind: "stop", row: { cause: "pairing_refused" } });
  });
});

test("a ban carries its end", () => {
  expect(decide(ending(402, { until: NOW + 9 })).next).toMatchObject({
    kind: "stop",
    until: NOW + 9,
  });
});

test("a QR code that nobody scanned ends the pairing, a lost connection does not", () => {
  const unscanned = ending(408, { text: "QR refs attempts ended", pairing: true, paired: false });
  expect(decide(unscanned).next).toMatchObject({
    kind: "stop",
    row: { cause: "qr_timeout", state: "disconnected" },
  });
  expect(decide({ ...unscanned, text: "Connection was lost" }).next.kind).toBe("reconnect");
});

test.each([
  ["passkey_required", "stop", "PAIRING_UNSUPPORTED"],
  ["not_owner", "stop", "DEVICE_ERROR"],
  ["open_timeout", "reconnect", "DEVICE_DISCONNECTED"],
  ["connection_lost", "reconnect", "DEVICE_DISCONNECTED"],
  ["bad_frame", "reconnect", "DEVICE_DISCONNECTED"],
  ["store_failed", "reconnect", "DEVICE_ERROR"],
] as const)("our own ending %s: %s with %s", (why, kind, code) => {
  expect(decide(ending(why)).next).toMatchObject({ kind, row: { code } });
});

test("a socket that was cut on request comes back at once", () => {
  expect(decide(ending("cut")).next).toMatchObject({ kind: "reconnect", afterMs: 0 });
});
