import { describe, expect, test } from "vitest";
import { BadRequest } from "./bad-request.ts";
import { openFaults, type Fault } from "./faults.ts";
import { disposeOf } from "./relay.ts";

function setup() {
  const taken: Fault[] = [];
  return { taken, faults: openFaults({ most: 5, onTaken: (fault) => taken.push(fault) }) };
}

describe("orders", () => {
  test.each([
    [{ on: "message", action: "no_ack" }],
    [
      {
        on: "message",
        match: { to: "+1 555 0001", device: "15550002:1@s.whatsapp.net" },
        action: { nack: 479 },
        times: 3,
      },
    ],
    [
      {
        on: "iq",
        match: { xmlns: "usync" },
        action: { iq_error: { code: 429, text: "rate-overlimit" } },
      },
    ],
    [{ on: "iq", action: { delay_ms: 500 } }],
    [{ on: "login", action: { failure: 402, code: 101, expire: 60 } }],
    [{ on: "socket", action: { stream_error: { code: 515 } } }],
    [{ on: "receipt", action: "read_first" }],
    [{ on: "media", action: "drop" }],
    [{ on: "message", action: { phash: true } }],
    [{ on: "message", action: { refresh_lid: true } }],
    [{ on: "handshake", action: "stall", times: 2 }],
  ])("%j is taken", (order) => {
    const times = "times" in order ? order.times : 1;
    expect(setup().faults.add(order)).toMatchObject({
      on: order.on,
      remaining: times,
      ordered: order.action,
    });
  });

  test.each([
    [null],
    ["no_ack"],
    [{}],
    [{ on: "massage", action: "no_ack" }],
    [{ on: "message", action: "explode" }],
    [{ on: "message", action: { nack: "479" } }],
    [{ on: "message", action: { nack: 479, extra: 1 } }],
    [{ on: "message", action: "no_ack", when: "now" }],
    [{ on: "message", action: "no_ack", times: 0 }],
    [{ on: "message", action: "no_ack", times: 1.5 }],
    [{ on: "message", action: "no_ack", match: { from: "1" } }],
    [{ on: "message", action: "no_ack", match: { to: "somebody" } }],
    [{ on: "login", action: "no_ack" }],
    [{ on: "receipt", action: { nack: 1 } }],
    [{ on: "message", action: { phash: "2:abc" } }],
    [{ on: "message", action: "stall" }],
    [{ on: "handshake", match: { device: "15550002" }, action: "stall" }],
    [{ on: "constructor", action: "no_ack" }],
    [{ on: "message", action: "constructor" }],
  ])("%j is refused with a reason", (order) => {
    expect(() => setup().faults.add(order)).toThrow(BadRequest);
  });
});

test("a fault is used by what it matches, as often as ordered, oldest first", () => {
  const { faults, taken } = setup();
  faults.add({ on: "message", match: { to: "15550001" }, action: { nack: 479 }, times: 2 });
  faults.add({ on: "message", action: "drop" });
  const facts = { to: "15550001", device: "15550002:1@s.whatsapp.net" };
  expect(faults.take("iq", facts)).toBeUndefined();
  expect(faults.take("message", facts)).toEqual({ kind: "nack", code: 479 });
  expect(faults.take("message", { ...facts, to: "15550009" })).toEqual({ kind: "drop" });
  expect(faults.take("message", { ...facts, to: "15550009" })).toBeUndefined();
  expect(faults.take("message", facts)).toEqual({ kind: "nack", code: 479 });
  expect(faults.list()).toEqual([]);
  expect(taken.map(({ remaining }) => remaining)).toEqual([1, 0, 0]);
});

test("a device is matched by its number or its JID, with or without LID", () => {
  const device = "15550002:1@s.whatsapp.net";
  for (const wanted of ["15550002", "+1 555 0002", device, "15550002@s.whatsapp.net"]) {
    const { faults } = setup();
    faults.add({ on: "login", match: { device: wanted }, action: "drop" });
    expect(faults.take("login", { device: "15550002:2@s.whatsapp.net" })?.kind).toBe(
      wanted === device ? undefined : "drop",
    );
    if (wanted === device) expect(faults.take("login", { device })?.kind).toBe("drop");
  }
});

test("too many orders are refused with 429", () => {
  const { faults } = setup();
  for (let n = 0; n < 5; n++) faults.add({ on: "message", action: "drop" });
  expect(() => faults.add({ on: "message", action: "drop" })).toThrow(
    expect.objectContaining({ status: 429 }),
  );
  faults.clear();
  expect(faults.list()).toEqual([]);
});

test("each message fault says what becomes of the message", () => {
  const usual = { delayMs: 0 };
  expect(disposeOf(undefined, usual)).toEqual({ relay: true, ack: usual });
  expect(disposeOf(undefined, { error: 463, delayMs: 0 })).toEqual({
    relay: false,
    ack: { error: 463, delayMs: 0 },
  });
  expect(disposeOf({ kind: "no_ack" }, usual)).toEqual({ relay: true });
  expect(disposeOf({ kind: "blackhole" }, usual)).toEqual({ relay: false });
  expect(disposeOf({ kind: "nack", code: 479 }, usual)).toEqual({
    relay: false,
    ack: { error: 479, delayMs: 0 },
  });
  expect(disposeOf({ kind: "ack_hint", hint: "phash" }, usual)).toEqual({
    relay: true,
    ack: { delayMs: 0, hint: "phash" },
  });
  expect(disposeOf({ kind: "delay", ms: 9 }, usual)).toEqual({ relay: true, ack: { delayMs: 9 } });
  expect(disposeOf({ kind: "close_after_relay" }, usual)).toEqual({
    relay: true,
    ending: { kind: "close" },
  });
  expect(disposeOf({ kind: "stream_error", code: 515 }, usual)).toEqual({
    relay: false,
    ending: { kind: "stream_error", code: 515 },
  });
});
