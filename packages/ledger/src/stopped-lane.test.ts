import { type ErrorCode, pickNext } from "@pombo/domain";
import { expect, test } from "vitest";
import type { Outcome } from "./attempts.ts";
import { DEVICE, newMessage, setup } from "./setup.test-bed.ts";

const NOW = 1_700_000_000_000;
const LATER = NOW + 300_000;
const CONNECTED = { state: "connected", now: NOW } as const;

type Bed = Awaited<ReturnType<typeof setup>>;

/** An attempt for somebody else ends like this, and stops the lane. */
async function refuse(t: Bed, code: ErrorCode, rest: Partial<Outcome>): Promise<void> {
  const { id } = newMessage();
  await t.ledger.accept(newMessage({ id, recipient: "5511900000009" }));
  const fed = await t.feed(t.own, { pick: id });
  if (fed.kind !== "fed") throw new Error("not fed");
  const outcome = {
    to: "queued",
    failure: { code, detail: "" },
    wait: { kind: "backlog" },
  } as const;
  await t.ledger.settle(t.own, id, { ...outcome, ...rest, now: NOW, feed: fed.feed });
}

/** The feed looks, then something stops the lane, then the feed moves what it saw. */
async function stopBetween(t: Bed, stop: () => Promise<unknown>) {
  const { id } = newMessage();
  await t.ledger.accept(newMessage({ id }));
  const { pace, ...view } = await t.ledger.peek(DEVICE, NOW);
  const pick = pickNext(NOW, { ...view, open: true });
  if (pick.kind !== "pick") throw new Error("not picked");
  await stop();
  const order = { ...pick.aside, now: NOW, pace, jitter: 0 };
  const fed = await t.ledger.feed(t.own, { ...order, pick: { ...pick, id } });
  return {
    fed,
    place: (await t.ledger.findMessage(id))?.place,
    window: await t.ledger.window(DEVICE),
  };
}

const UNMOVED = { fed: { kind: "moved" }, place: "backlog", window: [] };

const STOPS: readonly (readonly [what: string, stop: (t: Bed) => Promise<unknown>])[] = [
  ["is paused", (t) => t.ledger.pauseLane(DEVICE, true, { now: NOW })],
  ["is held", (t) => refuse(t, "ACCOUNT_RESTRICTED", { holdUntil: LATER })],
  ["is throttled", (t) => refuse(t, "THROTTLED", { throttleUntil: LATER })],
  ["gets a number", (t) => t.ledger.changeDevice(t.own, { ...CONNECTED, phone: "5511900000008" })],
];

test.each(STOPS)(
  "a lane that %s between the look of a feed and its move moves nothing",
  async (_, stop) => {
    await using t = await setup();
    await t.ledger.changeDevice(t.own, { ...CONNECTED, phone: "5511900000001" });
    expect(await stopBetween(t, () => stop(t))).toEqual(UNMOVED);
  },
);

test("a chat that is warm only because its recipient wrote does not slip through when a hold begins", async () => {
  await using t = await setup();
  await t.ledger.warmUp(DEVICE, "5511900000002", NOW + 1_000);
  const held = () => refuse(t, "ACCOUNT_RESTRICTED", { holdUntil: LATER });
  expect(await stopBetween(t, held)).toEqual(UNMOVED);
});

test("a hold that begins between look and move stops no chat with a trust token", async () => {
  await using t = await setup();
  await t.ledger.rememberRecipient("5511900000002", { lid: "77" });
  await t.ledger.trust(DEVICE, "77", NOW + 1_000);
  const held = () => refuse(t, "ACCOUNT_RESTRICTED", { holdUntil: LATER });
  expect(await stopBetween(t, held)).toMatchObject({ fed: { kind: "fed" }, place: "window" });
});
