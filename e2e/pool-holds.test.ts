import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { LogEntry } from "./chaos/follow-log.ts";
import { eventually } from "./eventually.ts";
import { type PairedDevice, pairDevice } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let a: PairedDevice;
let b: PairedDevice;
let pool: string;
let next = 0;
const someone = () => `55119700${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);
const isHeld = ({ blocked_by: why }: { blocked_by: string | null }) => why === "account_hold";

interface Pooled {
  readonly status: string;
  readonly device_id: string | null;
  readonly blocked_by: string | null;
}

beforeAll(async () => {
  pombo = await Pombo.start({ env: { ...QUICK, POMBO_POOL_RETURN_MS: "500" } });
});
afterAll(() => pombo[Symbol.asyncDispose]());
/** Two accounts of their own for each test; chats begin with the first one while it may. */
beforeEach(async () => {
  const account = () => pairDevice(pombo, `5544900${String((next += 1)).padStart(6, "0")}`);
  a = await account();
  b = await account();
  const made = await pombo.api<{ pool_id: string }>("POST", "/v1/pools", {
    name: "both",
    devices: [a.id, b.id],
    strategy: "in_order",
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  pool = made.body.pool_id;
});

const send = (to: string, text: string) => pombo.send(to, text, { from: pool });
const read = async (id: string) => (await pombo.api<Pooled>("GET", `/v1/messages/${id}`)).body;

/** A recipient who has written to the device: a living conversation. */
async function friendOf({ id, phone }: PairedDevice): Promise<string> {
  const number = someone();
  await pombo.control("POST", `/admin/phones/${number}/messages`, { to: phone, text: "hello" });
  await pombo.until(await pombo.send(number, "hello back", { from: id }), settled);
  return number;
}

/** WhatsApp lets the account begin no chats for so long; resolves with the end, ms. */
async function restrict({ phone }: PairedDevice, seconds: number): Promise<number> {
  const until = Math.ceil(Date.now() / 1_000) + seconds;
  await pombo.control("POST", `/admin/phones/${phone}/settings`, { restricted_until: until });
  return until * 1_000;
}

/** What the server got from a device, of these messages. */
async function stanzasOf(
  { phone }: PairedDevice,
  ids: readonly string[],
): Promise<readonly LogEntry[]> {
  const log = await pombo.control<LogEntry[]>("GET", "/admin/log?after=0");
  return log.filter(
    ({ kind, id, device }) =>
      kind === "message" && ids.includes(id ?? "") && device?.startsWith(phone) === true,
  );
}

/** Each recipient was shown its message once, under its id. */
async function expectShownOnce(sent: ReadonlyMap<string, string>): Promise<void> {
  for (const [to, id] of sent) {
    const shown = await pombo.phoneMessages(to); // oxlint-disable-line no-await-in-loop -- one after the other
    const mine = shown.filter(({ text }) => text.startsWith("cold"));
    expect(mine).toEqual([expect.objectContaining({ id, copies: 1 })]);
  }
}

async function sendCold(count: number): Promise<Map<string, string>> {
  const sent = new Map<string, string>();
  for (let index = 0; index < count; index += 1) {
    const to = someone();
    sent.set(to, await send(to, `cold ${index}`)); // oxlint-disable-line no-await-in-loop -- in their order
  }
  return sent;
}

/** The first cold message meets the restriction. */
async function hold(device: PairedDevice, seconds: number) {
  const endsAt = await restrict(device, seconds);
  const sent = await sendCold(1);
  const [first = ""] = sent.values();
  await pombo.until(first, isHeld);
  expect(await stanzasOf(device, [first])).toHaveLength(1);
  return { endsAt, sent, first };
}

test("463 on one device of a pool: its cold messages wait, new ones go from the other device, its friends hear from it; it resumes by itself", async () => {
  const friend = await friendOf(a);
  const { endsAt, sent, first } = await hold(a, 6);
  const others = await sendCold(6);
  const rows = Array.from({ length: 10 }, someone);
  const batch = await pombo.api<{ batch_id: string }>("POST", "/v1/batches", {
    from: pool,
    rows: rows.map((to, index) => ({ to, text: `cold row ${index}` })),
  });
  const warm = await send(friend, "how are you");
  expect(await pombo.until(warm, settled)).toMatchObject({ status: "read", attempts: 1 });
  expect(await read(warm)).toMatchObject({ device_id: a.id });
  for (const id of others.values()) {
    await pombo.until(id, (message) => settled(message) || isHeld(message)); // oxlint-disable-line no-await-in-loop -- one after the other
  }
  const free = await Promise.all([...others.values()].map(read));
  expect(free.filter(({ device_id: id }) => id === b.id).length).toBeGreaterThan(0);
  expect(await read(first)).toMatchObject({ status: "queued", blocked_by: "account_hold" });
  expect(Date.now()).toBeLessThan(endsAt);

  const list = await eventually(
    () =>
      pombo.api<{ messages: { message_id: string; status: string }[] }>(
        "GET",
        `/v1/batches/${batch.body.batch_id}/messages`,
      ),
    ({ body }) => body.messages.length === 10 && body.messages.every(settled),
  );
  for (const [index, row] of list.body.messages.entries())
    sent.set(rows[index] ?? "", row.message_id);
  for (const [to, id] of others) sent.set(to, id);
  for (const id of sent.values())
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read" }); // oxlint-disable-line no-await-in-loop -- one after the other
  await expectShownOnce(sent);
  const [refused, ...later] = await stanzasOf(a, [...sent.values()]);
  expect(refused?.id).toBe(first);
  expect(later[0]?.id).toBe(first);
  for (const { at } of later) expect(Date.parse(at)).toBeGreaterThanOrEqual(endsAt);
  await eventually(
    () => pombo.device(a.id),
    ({ state }) => state === "connected",
  );
});

test("463 on all devices of a pool: all cold messages wait with their reason, and go when the holds end, each from one device", async () => {
  const { endsAt, sent } = await hold(a, 6);
  const untilB = await restrict(b, 6);
  const others = await sendCold(6);
  for (const id of others.values()) await pombo.until(id, isHeld); // oxlint-disable-line no-await-in-loop -- one after the other
  for (const [to, id] of others) sent.set(to, id);
  const ids = [...sent.values()];
  expect(await stanzasOf(a, ids)).toHaveLength(1);
  expect(await stanzasOf(b, ids)).toHaveLength(1);
  expect(Date.now()).toBeLessThan(endsAt);
  for (const id of ids) expect(await pombo.until(id, settled)).toMatchObject({ status: "read" }); // oxlint-disable-line no-await-in-loop -- one after the other
  await expectShownOnce(sent);
  const [, ...ofA] = await stanzasOf(a, ids);
  const [, ...ofB] = await stanzasOf(b, ids);
  for (const { at } of ofA) expect(Date.parse(at)).toBeGreaterThanOrEqual(endsAt);
  for (const { at } of ofB) expect(Date.parse(at)).toBeGreaterThanOrEqual(untilB);
  expect(ofA.length + ofB.length).toBe(ids.length);
});

test("a device of a pool is logged out while it is held: what it held goes from the other one, once, under its id", async () => {
  const { sent, first } = await hold(a, 60);
  await pombo.fault("socket", "unlink", { match: { device: a.phone } });
  await eventually(
    () => pombo.device(a.id),
    ({ state }) => state === "logged_out",
  );
  expect(await pombo.until(first, settled)).toMatchObject({ status: "read" });
  expect(await read(first)).toMatchObject({ device_id: b.id });
  await expectShownOnce(sent);
  expect(await stanzasOf(b, [first])).toHaveLength(1);
});
