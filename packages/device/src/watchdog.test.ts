import { EventEmitter } from "node:events";
import { DEFAULT_SETTINGS } from "@pombo/domain";
import type { Simulator } from "@pombo/simulator";
import type { WASocket } from "@whiskeysockets/baileys";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openTestSimulator, pair, type TestDevice, testDevice } from "./device-fixture.ts";
import { openWatchdog } from "./watchdog.ts";

describe("with a clock that the test moves", () => {
  const settings = { ...DEFAULT_SETTINGS, open_timeout_ms: 60_000, keep_alive_ms: 20_000 };

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function setup() {
    const socket = { terminate: vi.fn() };
    const ws = Object.assign(new EventEmitter(), { isClosing: false, socket });
    const cut = vi.fn();
    const life = { open: false };
    const watchdog = openWatchdog({ ws } as unknown as WASocket, {
      settings,
      isOpen: () => life.open,
      cut,
    });
    return { ws, cut, life, watchdog, socket };
  }

  test("a connection that nobody answers is cut after twenty seconds", () => {
    const { cut } = setup();
    vi.advanceTimersByTime(19_999);
    expect(cut).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(cut).toHaveBeenCalledExactlyOnceWith("open_timeout");
  });

  test("a connection that is answered and does not open in time is cut", () => {
    const { cut, ws } = setup();
    ws.emit("frame");
    vi.advanceTimersByTime(59_999);
    expect(cut).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(cut).toHaveBeenCalledExactlyOnceWith("open_timeout");
  });

  test("one that waits for a person is not", () => {
    const { cut, watchdog, ws } = setup();
    ws.emit("frame");
    watchdog.relax();
    vi.advanceTimersByTime(600_000);
    expect(cut).not.toHaveBeenCalled();
    watchdog.expectOpening();
    vi.advanceTimersByTime(60_000);
    expect(cut).toHaveBeenCalledExactlyOnceWith("open_timeout");
  });

  test("an open one is cut when it was silent for a keep-alive and some seconds, not while it says something", () => {
    const { cut, life, watchdog, ws } = setup();
    watchdog.relax();
    ws.emit("frame");
    life.open = true;
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(20_000);
      ws.emit("frame");
    }
    expect(cut).not.toHaveBeenCalled();
    vi.advanceTimersByTime(26_000);
    expect(cut).toHaveBeenCalledWith("connection_lost");
  });

  test("a closing handshake that gets no answer is ended", () => {
    const { socket, ws } = setup();
    ws.isClosing = true;
    vi.advanceTimersByTime(2_000);
    expect(socket.terminate).toHaveBeenCalled();
  });

  test("closed, it leaves no timer behind", () => {
    const { watchdog } = setup();
    watchdog.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("against the simulator", () => {
  let simulator: Simulator;
  let paired: TestDevice;
  let jid: string;

  beforeAll(async () => {
    simulator = await openTestSimulator();
    paired = testDevice(simulator, { settings: { keep_alive_ms: 300, open_timeout_ms: 1_000 } });
    jid = await pair(simulator, paired, "15550155000");
  });
  afterAll(async () => {
    await paired.device[Symbol.asyncDispose]();
    await simulator[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    paired.told.states.length = 0;
  });

  test.each([
    ["handshake", {}, "stall"],
    ["login", { device: "15550155000" }, "drop"],
  ])("a %s without an answer is cut and tried again", async (on, match, action) => {
    await paired.device.disconnect();
    simulator.addFault({ on, match, action });
    paired.device.connect();
    await paired.told.untilState("connecting", "open_timeout");
    await paired.told.untilState("connected");
  });

  test("a pairing whose handshake gets no answer is tried again", async () => {
    const unpaired = testDevice(simulator, { settings: { open_timeout_ms: 1_000 } });
    await using device = unpaired.device;
    simulator.addFault({ on: "handshake", action: "stall" });
    device.connect();
    await unpaired.told.untilState("pairing", "open_timeout");
    await unpaired.told.until(({ qrs }) => qrs.at(-1));
  });

  test("a silent connection is cut, and the device comes back", async () => {
    simulator.addFault({ on: "socket", match: { device: jid }, action: "blackhole" });
    await paired.told.untilState("connecting", "connection_lost");
    await paired.told.untilState("connected");
  });
});
