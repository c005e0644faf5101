import { DEFAULT_SETTINGS } from "@pombo/domain";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DISCONNECT_TABLE, OWN_ENDINGS, type OwnEnding } from "./disconnect-table.ts";
import {
  type ConnectionHistory,
  type Ending,
  type Moment,
  NO_HISTORY,
  nextConnection,
} from "./next-connection.ts";
import {
  PUBLISHED_DISCONNECTS,
  PUBLISHED_UNKNOWN_DISCONNECT,
  UNKNOWN_CODE,
} from "./published-fixture.ts";

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

const KINDS = { back: "reconnect", rests: "reconnect", stops: "stop", forgets: "forget" } as const;

test.each(Object.entries(PUBLISHED_DISCONNECTS))("%s: %j", (why, { kind, state, cause, code }) => {
  const follows = cause === "replaced" ? "ask-owner" : KINDS[kind];
  expect(decide(ending(Number(why))).next).toMatchObject({
    kind: follows,
    row: { state, cause, code },
  });
});

test("a code that nobody knows reconnects", () => {
  const { state, cause, code } = PUBLISHED_UNKNOWN_DISCONNECT;
  expect(decide(ending(UNKNOWN_CODE)).next).toMatchObject({
    kind: "reconnect",
    row: { state, cause, code },
  });
});

test("the published table names every row there is", () => {
  expect(Object.keys(PUBLISHED_DISCONNECTS)).toEqual(Object.keys(DISCONNECT_TABLE));
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
  const first = decide(ending(429), NO_HISTORY, { jitter: 0 });
  expect(first.next).toMatchObject({
    kind: "reconnect",
    afterMs: 300_000,
    row: { code: "THROTTLED" },
  });
  expect(decide(ending(429), first.history, { jitter: 0 }).next).toMatchObject({
    afterMs: 600_000,
  });
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

test("devices that lose their connection at the same instant do not come back at the same instant", () => {
  const devices = 1_000;
  const reconnecting = Object.entries(PUBLISHED_DISCONNECTS)
    .filter(([, { kind }]) => kind === "back" || kind === "rests")
    .map(([code]) => Number(code));
  const why = fc.constantFrom<Ending["why"]>(...reconnecting, "open_timeout", "connection_lost");
  fc.assert(
    fc.property(why, fc.nat(30), fc.nat(5), (code, failures, rests) => {
      const busiest = new Map<number, number>();
      for (let device = 0; device < devices; device++) {
        const lost = ending(code, { openMs: 5_000 });
        const history = { ...NO_HISTORY, failures, rests };
        const { next } = decide(lost, history, { jitter: device / devices });
        const at = "afterMs" in next ? Math.floor(next.afterMs / 10) : -1;
        busiest.set(at, (busiest.get(at) ?? 0) + 1);
      }
      expect(busiest.has(-1)).toBe(false);
      expect(Math.max(...busiest.values())).toBeLessThanOrEqual(0.03 * devices);
    }),
  );
});

describe("replaced by another login", () => {
  const first = decide(ending(440), NO_HISTORY, { jitter: 0 });
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

test.each(Object.entries(OWN_ENDINGS))("our own ending %s: %j", (why, row) => {
  const { next } = decide(ending(why as OwnEnding));
  const { state, cause, code } = row;
  const kind = row.follows === "stop" ? "stop" : "reconnect";
  expect(next).toMatchObject({ kind, row: { state, cause, code } });
});

test("our own endings are as published", () => {
  const codes = Object.entries(OWN_ENDINGS).map(([why, { follows, code }]) => [why, follows, code]);
  expect(codes).toEqual([
    ["passkey_required", "stop", "PAIRING_UNSUPPORTED"],
    ["pairing_refused", "stop", "UPSTREAM_FAILED"],
    ["not_owner", "stop", "DEVICE_ERROR"],
    ["credentials_unreadable", "stop", "CREDENTIALS_UNREADABLE"],
    ["open_timeout", "backoff", "DEVICE_DISCONNECTED"],
    ["connection_lost", "backoff", "DEVICE_DISCONNECTED"],
    ["bad_frame", "backoff", "DEVICE_DISCONNECTED"],
    ["store_failed", "backoff", "DEVICE_ERROR"],
  ]);
});

test("a socket that was cut on request comes back at once", () => {
  expect(decide(ending("cut")).next).toMatchObject({ kind: "reconnect", afterMs: 0 });
});
