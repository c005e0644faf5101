import { DEFAULT_SETTINGS, type DeviceId } from "@pombo/domain";
import { expect, test, vi } from "vitest";
import { watchDrain } from "./watch-drain.ts";

const MINUTE_MS = DEFAULT_SETTINGS.drain_watch_ms;
const OWN = { deviceId: "dev_0000000000000001" as DeviceId, epoch: 1 };
const FULL = { view: { windowUsed: 2 }, why: "window" };
const IDLE = { view: { windowUsed: 0 }, why: "empty" };

function setup() {
  let now = 1_000;
  const told: string[] = [];
  const announce = vi.fn(async (_device: DeviceId, type: string) => void told.push(type));
  const log = { info: () => undefined, warn: () => undefined };
  const watch = watchDrain({
    own: OWN,
    ledger: { announce },
    log,
    settings: DEFAULT_SETTINGS,
    now: () => now,
  });
  return { watch, told, announce, pass: (ms: number) => void (now += ms) };
}

test("a lane that moves nothing for the time is told once, and once more when it moves again", async () => {
  const t = setup();
  await t.watch.look(FULL, true);
  t.pass(MINUTE_MS - 1);
  await t.watch.look(FULL, true);
  expect(t.told).toEqual([]);
  t.pass(1);
  await t.watch.look(FULL, true);
  await t.watch.look(FULL, true);
  expect(t.told).toEqual(["lane.blocked"]);
  t.watch.moved();
  await t.watch.look(FULL, true);
  expect(t.told).toEqual(["lane.blocked", "lane.unblocked"]);
});

test("a lane that was idle, or whose device was away, for long has not been blocked meanwhile", async () => {
  const t = setup();
  await t.watch.look(IDLE, false);
  t.pass(10 * MINUTE_MS);
  await t.watch.look(FULL, true);
  t.watch.rest();
  t.pass(10 * MINUTE_MS);
  await t.watch.look(FULL, true);
  expect(t.told).toEqual([]);
});

test.each(["empty", "pacing", "budget", "lane_paused"])("%s explains itself", async (why) => {
  const t = setup();
  for (let turn = 0; turn < 5; turn += 1) {
    await t.watch.look({ view: { windowUsed: 0 }, why }, false);
    t.pass(MINUTE_MS);
  }
  expect(t.told).toEqual([]);
});

test("a lane whose every turn breaks is told too", async () => {
  const t = setup();
  await t.watch.broke();
  t.pass(MINUTE_MS);
  await t.watch.broke();
  expect(t.told).toEqual(["lane.blocked"]);
});

test("what could not be told is told with the next look", async () => {
  const t = setup();
  await t.watch.look(FULL, true);
  t.pass(MINUTE_MS);
  t.announce.mockRejectedValueOnce(new Error("Redis is away"));
  await expect(t.watch.look(FULL, true)).rejects.toThrow("away");
  await t.watch.look(FULL, true);
  expect(t.told).toEqual(["lane.blocked"]);
});
