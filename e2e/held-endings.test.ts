import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { LogEntry } from "./chaos/follow-log.ts";
import { eventually } from "./eventually.ts";
import { lookIntoRedis, type RedisView } from "./look-into-redis.ts";
import { type PairedDevice, pairDevice, scanQr } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

let stack: AsyncDisposableStack;
let pombo: Pombo;
let view: RedisView;
let device: PairedDevice;
let next = 0;
const someone = () => `55119800${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);
const isHeld = ({ blocked_by: why }: { blocked_by: string | null }) => why === "account_hold";
const isAway = ({ blocked_by: why }: { blocked_by: string | null }) => why === "device_offline";

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  pombo = stack.use(await Pombo.start({ env: QUICK }));
  view = stack.use(await lookIntoRedis(pombo));
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  device = await pairDevice(pombo, `5545900${String((next += 1)).padStart(6, "0")}`);
});

const send = (to: string, text: string) => pombo.send(to, text, { from: device.id });
const fault = (action: string) =>
  pombo.fault("socket", action, { match: { device: device.phone } });
const reach = (state: string) =>
  eventually(
    () => pombo.device(device.id),
    (seen) => seen.state === state,
  );

/** A recipient who has written to the device: a living conversation. */
async function friend(): Promise<string> {
  const number = someone();
  const letter = { to: device.phone, text: "hello" };
  await pombo.control("POST", `/admin/phones/${number}/messages`, letter);
  await pombo.until(await send(number, "hello back"), settled);
  return number;
}

/** The account may begin no chats for so long: the first message met that, the two others wait behind it. */
async function holdThree(seconds: number) {
  const until = Math.ceil(Date.now() / 1_000) + seconds;
  await pombo.control("POST", `/admin/phones/${device.phone}/settings`, {
    restricted_until: until,
  });
  const numbers = [someone(), someone(), someone()];
  const ids: string[] = [];
  for (const to of numbers) {
    const id = await send(to, "cold"); // oxlint-disable-line no-await-in-loop -- one after the other
    await pombo.until(id, isHeld); // oxlint-disable-line no-await-in-loop
    ids.push(id);
  }
  await reach("restricted");
  return { endsAt: until * 1_000, numbers, ids };
}

/** All went out when the hold was over, each once, in their order; the first one had been refused before. */
async function expectResumed({ endsAt, numbers, ids }: Awaited<ReturnType<typeof holdThree>>) {
  for (const [index, id] of ids.entries()) {
    // oxlint-disable no-await-in-loop -- one after the other
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
    expect(await pombo.phoneMessages(numbers[index] ?? "")).toMatchObject([{ id, copies: 1 }]);
    // oxlint-enable no-await-in-loop
  }
  const log = await pombo.control<LogEntry[]>("GET", "/admin/log?after=0");
  const stanzas = log.filter(({ kind, id }) => kind === "message" && ids.includes(id ?? ""));
  expect(stanzas.map(({ id }) => id)).toEqual([ids[0], ...ids]);
  for (const { at } of stanzas.slice(1)) expect(Date.parse(at)).toBeGreaterThanOrEqual(endsAt);
  await reach("connected");
}

const states = async (): Promise<readonly string[]> =>
  (await view.eventsOf(device.id))
    .map(({ type }) => type)
    .filter((type) => type.startsWith("device."));

test("440 once during a hold: the device comes back by itself, restricted as before, and the held messages go when the hold ends", async () => {
  const warm = await friend();
  const held = await holdThree(7);
  await fault("replaced");
  await eventually(states, (seen) =>
    seen.join(" ").endsWith("device.restricted device.connecting device.restricted"),
  );
  expect(await pombo.until(await send(warm, "how are you"), settled)).toMatchObject({
    status: "read",
    attempts: 1,
  });
  for (const id of held.ids)
    expect(await pombo.message(id)).toMatchObject({ blocked_by: "account_hold" }); // oxlint-disable-line no-await-in-loop -- few
  expect(Date.now()).toBeLessThan(held.endsAt);
  await expectResumed(held);
});

test("440 twice during a hold: disconnected, replaced, until the user connects; then restricted again, and all goes on", async () => {
  const warm = await friend();
  const held = await holdThree(10);
  await fault("replaced");
  await eventually(
    states,
    (seen) => seen.at(-1) === "device.restricted" && seen.at(-2) === "device.connecting",
  );
  await fault("replaced");
  await reach("disconnected");
  expect(await pombo.device(device.id)).toMatchObject({ cause: "replaced" });
  for (const id of held.ids)
    expect(await pombo.until(id, isAway)).toMatchObject({ status: "queued" }); // oxlint-disable-line no-await-in-loop -- few
  expect((await pombo.api("POST", `/v1/devices/${device.id}/connect`)).status).toBeLessThan(300);
  await reach("restricted");
  for (const id of held.ids) await pombo.until(id, isHeld); // oxlint-disable-line no-await-in-loop -- few
  const id = await send(warm, "how are you");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 });
  expect(Date.now()).toBeLessThan(held.endsAt);
  await expectResumed(held);
});

test("401 during a hold: logged out; paired again with the same phone, the account is restricted as before, and all goes on", async () => {
  const held = await holdThree(8);
  await fault("unlink");
  await reach("logged_out");
  for (const id of held.ids)
    expect(await pombo.until(id, isAway)).toMatchObject({ status: "queued" }); // oxlint-disable-line no-await-in-loop -- few
  await pombo.api("POST", `/v1/devices/${device.id}/connect`);
  await scanQr(pombo, device);
  await reach("restricted");
  expect(Date.now()).toBeLessThan(held.endsAt);
  await expectResumed(held);
});

test("401 during a hold, and the device is away when the hold ends: paired again, all goes out at once", async () => {
  const held = await holdThree(3);
  await fault("unlink");
  await reach("logged_out");
  await eventually(
    async () => Date.now(),
    (now) => now > held.endsAt,
  );
  await pombo.api("POST", `/v1/devices/${device.id}/connect`);
  await scanQr(pombo, device);
  await expectResumed(held);
});
