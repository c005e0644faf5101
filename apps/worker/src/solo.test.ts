import { setImmediate as breathe } from "node:timers/promises";
import { expect, test } from "vitest";
import { createSolo } from "./solo.ts";

/** Jobs that all begin at once, as after a worker's second death; each runs alone for a while. */
async function runAlone(devices: readonly string[]) {
  const solo = createSolo();
  const ended: string[] = [];
  let alone = 0;
  let most = 0;
  const begun = devices.map(async (device) => {
    const leave = solo.enter(device);
    const release = await solo.goAlone(device);
    alone += 1;
    most = Math.max(most, alone);
    await breathe();
    alone -= 1;
    release();
    leave();
    ended.push(device);
  });
  // Nothing but microtasks and turns of the event loop is waited for: whoever has not ended by then never will.
  for (let turn = 0; turn < 10 * devices.length; turn += 1)
    // oxlint-disable-next-line no-await-in-loop -- turn after turn
    await breathe();
  if (ended.length === devices.length) await Promise.all(begun);
  return { ended, most };
}

test.each([1, 2, 3, 5])(
  "of %i that want to run alone at once, each does, one after the other",
  async (count) => {
    const devices = Array.from({ length: count }, (_, index) => `dev_${index}`);
    const { ended, most } = await runAlone(devices);
    expect(ended.toSorted()).toEqual(devices);
    expect(most).toBe(1);
  },
);

test("whoever runs alone waits for the jobs in hand, and keeps the door shut for others meanwhile", async () => {
  const solo = createSolo();
  const leave = solo.enter("dev_innocent");
  solo.enter("dev_guilty");
  let inside = false;
  const going = solo.goAlone("dev_guilty").then((release) => {
    inside = true;
    return release;
  });
  await breathe();
  expect([inside, solo.closed("dev_innocent"), solo.closed("dev_guilty")]).toEqual([
    false,
    true,
    false,
  ]);
  leave();
  (await going)();
  expect(solo.closed("dev_innocent")).toBe(false);
});
