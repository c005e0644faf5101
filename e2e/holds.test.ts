import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { LogEntry } from "./chaos/follow-log.ts";
import { eventually } from "./eventually.ts";
import { png } from "./media-host.ts";
import { type PairedDevice, pairDevice } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let device: PairedDevice;
let next = 0;
const someone = () => `55119400${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());
/** An account of its own for each test: a restriction is the account's. */
beforeEach(async () => {
  await pombo.control("DELETE", "/admin/faults");
  device = await pairDevice(pombo, `5542900${String((next += 1)).padStart(6, "0")}`);
});

const send = (to: string, text: string, over = {}) =>
  pombo.send(to, text, { from: device.id, ...over });

/** A recipient who has written to the device: a living conversation. */
async function friend(): Promise<string> {
  const number = someone();
  const letter = { to: device.phone, text: "hello" };
  await pombo.control("POST", `/admin/phones/${number}/messages`, letter);
  const id = await send(number, "hello back");
  await pombo.until(id, settled);
  return number;
}

async function stanzasOf(...ids: string[]): Promise<readonly LogEntry[]> {
  const log = await pombo.control<LogEntry[]>("GET", "/admin/log?after=0");
  return log.filter(({ kind, id }) => kind === "message" && ids.includes(id ?? ""));
}

/** Between two stanzas of the device, ms. */
async function shortestGap(): Promise<number> {
  const log = await pombo.control<LogEntry[]>("GET", "/admin/log?after=0");
  const times = log
    .filter(({ kind, device: of }) => kind === "message" && of?.startsWith(device.phone) === true)
    .map(({ at }) => Date.parse(at));
  return Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}

const isHeld = ({ blocked_by: why }: { blocked_by: string | null }) => why === "account_hold";

test("463: cold chats wait for the time that WhatsApp names, warm ones flow, and one probe opens the way again", async () => {
  const warm = await friend();
  const endsAt = Math.ceil(Date.now() / 1_000) + 5;
  await pombo.control("POST", `/admin/phones/${device.phone}/settings`, {
    restricted_until: endsAt,
  });
  const first = await send(someone(), "the first cold one");
  const held = await pombo.until(first, isHeld);
  expect(held).toMatchObject({
    status: "queued",
    last_error: { error_code: "ACCOUNT_RESTRICTED" },
  });
  expect(Date.parse(String(held.eta))).toBeGreaterThanOrEqual(endsAt * 1_000);
  expect(Date.parse(String(held.eta))).toBeLessThan(endsAt * 1_000 + 2_000);
  await eventually(
    () => pombo.device(device.id),
    ({ state }) => state === "restricted",
  );

  const others = [await send(someone(), "cold too"), await send(someone(), "cold as well")];
  for (const id of others)
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(id, isHeld);
  expect(await pombo.until(await send(warm, "how are you"), settled)).toMatchObject({
    status: "read",
    attempts: 1,
  });
  expect(await stanzasOf(first, ...others)).toHaveLength(1);
  expect(Date.now()).toBeLessThan(endsAt * 1_000);

  for (const id of [first, ...others])
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  const stanzas = await stanzasOf(first, ...others);
  expect(stanzas.map(({ id }) => id)).toEqual([first, first, ...others]);
  const after = stanzas.slice(1).map(({ at }) => Date.parse(at));
  expect(Math.min(...after)).toBeGreaterThanOrEqual(endsAt * 1_000);
  await eventually(
    () => pombo.device(device.id),
    ({ state }) => state === "connected",
  );
});

test("a probe that meets 463 fails for good, doubles the hold, and the next one probes", async () => {
  const [bad, good] = [someone(), someone()];
  await pombo.fault("message", { nack: 463 }, { match: { to: bad }, times: 2 });
  const first = await send(bad, "twice refused");
  const held = await pombo.until(first, isHeld);
  const second = await send(good, "behind it");
  await pombo.until(second, isHeld);
  expect(await pombo.until(first, settled)).toMatchObject({
    status: "failed",
    attempts: 2,
    last_error: { error_code: "ACCOUNT_RESTRICTED" },
  });
  const again = await pombo.until(second, isHeld);
  expect(Date.parse(String(again.eta))).toBeGreaterThan(Date.parse(String(held.eta)));
  expect(await stanzasOf(second)).toEqual([]);
  expect(await pombo.until(second, settled)).toMatchObject({ status: "read", attempts: 1 });
});

test("463 for pictures: one account is held, another goes on, and a picture may be the probe", async () => {
  const other = await pairDevice(pombo, `5542900${String((next += 1)).padStart(6, "0")}`);
  const image = { base64: png().toString("base64") };
  const picture = async (from: string, to: string): Promise<string> => {
    const body = { from, to, image };
    const sent = await pombo.api<{ message_id: string }>("POST", "/v1/messages", body);
    expect(sent.status, JSON.stringify(sent.body)).toBe(202);
    return sent.body.message_id;
  };
  const endsAt = Math.ceil(Date.now() / 1_000) + 6;
  await pombo.control("POST", `/admin/phones/${device.phone}/settings`, {
    restricted_until: endsAt,
  });
  const first = await picture(device.id, someone());
  await pombo.until(first, isHeld);
  const behind = [await picture(device.id, someone()), await picture(device.id, someone())];
  const elsewhere = await picture(other.id, someone());
  for (const id of behind)
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(id, isHeld);
  expect(await pombo.until(elsewhere, settled)).toMatchObject({ status: "read", attempts: 1 });
  expect(await stanzasOf(first, ...behind)).toHaveLength(1);
  for (const id of [first, ...behind])
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  const stanzas = await stanzasOf(first, ...behind);
  expect(stanzas).toHaveLength(4);
  const after = stanzas.slice(1).map(({ at }) => Date.parse(at));
  expect(Math.min(...after)).toBeGreaterThanOrEqual(endsAt * 1_000);
});

test("behind 5,000 waiting messages, a one-time password leaves within two gaps of the pace", async () => {
  const gapMs = 1_000;
  const paced = await pombo.api("PATCH", `/v1/devices/${device.id}`, { pace: { gap_ms: gapMs } });
  expect(paced.status).toBe(200);
  const numbers = Array.from({ length: 100 }, someone);
  for (let sent = 0; sent < 5_000; sent += numbers.length)
    // oxlint-disable-next-line no-await-in-loop -- a hundred at a time
    await Promise.all(numbers.map((to) => send(to, `news ${sent}`)));
  const lane = await pombo.api<{ depth: { total: number } }>(
    "GET",
    `/v1/devices/${device.id}/lane`,
  );
  expect(lane.body.depth.total).toBeGreaterThan(4_900);
  const urgent = someone();
  for (const _time of [1, 2, 3]) {
    const asked = Date.now();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const id = await send(urgent, "code 123456", { priority: "otp" });
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(id, settled);
    // oxlint-disable-next-line no-await-in-loop
    const [stanza] = await stanzasOf(id);
    expect(Date.parse(stanza?.at ?? "") - asked).toBeLessThan(2 * gapMs);
  }
  expect(await shortestGap()).toBeGreaterThan(gapMs / 2);
  const elsewhere = await pombo.send(someone(), "another device is not slowed");
  const message = await pombo.until(elsewhere, settled, 2_000);
  expect(message.status).toBe("read");
}, 180_000);
