import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { type PairedDevice, pairDevice } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let a: PairedDevice;
let b: PairedDevice;
let pool: string;
let next = 0;
const someone = () => `55119500${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

interface Pooled {
  readonly status: string;
  readonly device_id: string | null;
  readonly attempts: number;
}

beforeAll(async () => {
  pombo = await Pombo.start({ env: { ...QUICK, POMBO_POOL_RETURN_MS: "500" } });
});
afterAll(() => pombo[Symbol.asyncDispose]());
/** Two accounts of their own for each test. */
beforeEach(async () => {
  await pombo.control("DELETE", "/admin/faults");
  const account = () => pairDevice(pombo, `5543900${String((next += 1)).padStart(6, "0")}`);
  a = await account();
  b = await account();
  const made = await pombo.api<{ pool_id: string }>("POST", "/v1/pools", {
    name: "both",
    devices: [a.id, b.id],
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  pool = made.body.pool_id;
});

const send = (to: string, text: string) => pombo.send(to, text, { from: pool });

async function read(id: string): Promise<Pooled> {
  return (await pombo.api<Pooled>("GET", `/v1/messages/${id}`)).body;
}

/** A recipient who has written to the device. */
async function friendOf({ id, phone }: PairedDevice): Promise<string> {
  const number = someone();
  const letter = { to: phone, text: "hello" };
  await pombo.control("POST", `/admin/phones/${number}/messages`, letter);
  await pombo.until(await pombo.send(number, "hello back", { from: id }), settled);
  return number;
}

/** Which accounts sent it, as the phone saw it. */
async function copies(number: string, id: string): Promise<number> {
  const shown = await pombo.phoneMessages(number);
  return shown.find((one) => one.id === id)?.copies ?? 0;
}

test("whoever talks to a device is written to by that device, though the other one is idle", async () => {
  for (const device of [a, b]) {
    const friend = await friendOf(device); // oxlint-disable-line no-await-in-loop -- one after the other
    for (const text of ["one", "two"]) {
      const id = await send(friend, text); // oxlint-disable-line no-await-in-loop
      expect(await pombo.until(id, settled)).toMatchObject({ status: "read" }); // oxlint-disable-line no-await-in-loop
      expect(await read(id)).toMatchObject({ device_id: device.id }); // oxlint-disable-line no-await-in-loop
    }
  }
});

test("new recipients are spread over the devices, and each stays where it was", async () => {
  const numbers = Array.from({ length: 8 }, someone);
  const rounds = [];
  for (const text of ["one", "two"]) {
    const ids = await Promise.all(numbers.map((to) => send(to, text))); // oxlint-disable-line no-await-in-loop -- one round after the other
    for (const id of ids) await pombo.until(id, settled); // oxlint-disable-line no-await-in-loop
    const records = await Promise.all(ids.map(read)); // oxlint-disable-line no-await-in-loop
    rounds.push(records.map(({ device_id: device }) => device));
  }
  expect(new Set(rounds[0])).toEqual(new Set([a.id, b.id]));
  expect(rounds[1]).toEqual(rounds[0]);
});

test("a device that is logged out for good: what nobody attempted is sent by the other, what may have left is not", async () => {
  const [tried, waiting] = [await friendOf(a), await friendOf(a)];
  // It is lost on its way, which nobody can know.
  await pombo.fault("message", "blackhole", { match: { to: tried } });
  const first = await send(tried, "perhaps");
  await pombo.until(first, ({ status }) => status === "sending" || status === "unknown");
  await pombo.api("POST", `/v1/devices/${a.id}/lane/pause`);
  const [behind, other] = [await send(tried, "behind it"), await send(waiting, "never tried")];
  expect(await read(other)).toMatchObject({ status: "queued", device_id: null, attempts: 0 });

  const out = await pombo.api("POST", `/v1/devices/${a.id}/logout`);
  expect(out.status, JSON.stringify(out.body)).toBe(200);
  for (const id of [other, behind]) {
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 }); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(await read(id)).toMatchObject({ device_id: b.id }); // oxlint-disable-line no-await-in-loop
  }
  expect(await copies(waiting, other)).toBe(1);
  expect(await read(first)).toMatchObject({ status: "unknown", device_id: a.id });
  // From now on their device is the other one.
  const later = await send(waiting, "later");
  await pombo.until(later, settled);
  expect(await read(later)).toMatchObject({ device_id: b.id });
});

test("a device that is deleted: its messages are sent by the other, and a worker killed meanwhile loses none", async () => {
  const friends = [await friendOf(a), await friendOf(a), await friendOf(a)];
  await pombo.api("POST", `/v1/devices/${a.id}/lane/pause`);
  const ids = await Promise.all(
    Array.from({ length: 150 }, (_, index) => send(friends[index % 3] ?? "", `message ${index}`)),
  );
  const gone = pombo.api("DELETE", `/v1/devices/${a.id}`);
  await eventually(
    () => pombo.api("GET", `/v1/devices/${a.id}`),
    ({ status }) => status === 404,
  );
  for (const pid of (await pombo.living()).worker) process.kill(pid, "SIGKILL");
  expect((await gone).status).toBe(200);
  for (const id of ids) {
    expect(await pombo.until(id, settled, 60_000)).toMatchObject({ status: "read" }); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(await read(id)).toMatchObject({ device_id: b.id }); // oxlint-disable-line no-await-in-loop
  }
  for (const friend of friends) {
    const shown = await pombo.phoneMessages(friend); // oxlint-disable-line no-await-in-loop -- few
    const texts = shown.filter(({ text }) => text.startsWith("message ")).map(({ text }) => text);
    expect(texts).toEqual(texts.toSorted((x, y) => Number(x.slice(8)) - Number(y.slice(8))));
    expect(new Set(shown.map(({ copies: count }) => count))).toEqual(new Set([1]));
  }
}, 120_000);

interface Batch {
  readonly batch_id: string;
  readonly status: string;
  readonly accepted: number;
  readonly counts: Readonly<Record<string, number>>;
}

interface Rows {
  readonly messages: readonly { message_id: string; device_id: string | null; status: string }[];
}

const OVER = ["sent", "delivered", "read", "played"] as const;

async function sendBatch(numbers: readonly string[], from: string): Promise<string> {
  const rows = numbers.map((to, index) => ({ to, text: `row ${index + 1}` }));
  const made = await pombo.api<Batch>("POST", "/v1/batches", { from, rows });
  expect(made.body, JSON.stringify(made.body)).toMatchObject({ accepted: numbers.length });
  return made.body.batch_id;
}

const readBatch = async (id: string) => (await pombo.api<Batch>("GET", `/v1/batches/${id}`)).body;

async function completed(id: string): Promise<Batch> {
  return eventually(
    () => readBatch(id),
    ({ status }) => status === "completed",
    60_000,
  );
}

async function rowsOf(id: string): Promise<Rows["messages"]> {
  return (await pombo.api<Rows>("GET", `/v1/batches/${id}/messages?limit=200`)).body.messages;
}

test("three devices share a batch: each row goes out once, and friends hear from their device", async () => {
  const c = await pairDevice(pombo, `5543900${String((next += 1)).padStart(6, "0")}`);
  await pombo.api("PATCH", `/v1/pools/${pool}`, { devices: [a.id, b.id, c.id] });
  const friends = [await friendOf(a), await friendOf(b), await friendOf(c)];
  const numbers = [...friends, ...Array.from({ length: 117 }, someone)];
  const id = await sendBatch(numbers, pool);
  const { counts } = await completed(id);
  expect(OVER.reduce((sum, status) => sum + (counts[status] ?? 0), 0)).toBe(120);
  const rows = await rowsOf(id);
  expect(rows.slice(0, 3).map(({ device_id: device }) => device)).toEqual([a.id, b.id, c.id]);
  expect(new Set(rows.map(({ device_id: device }) => device))).toEqual(new Set([a.id, b.id, c.id]));
  for (const [index, number] of numbers.entries()) {
    const shown = await pombo.phoneMessages(number); // oxlint-disable-line no-await-in-loop -- one after the other
    const mine = shown.filter(({ text }) => text.startsWith("row "));
    expect(mine).toEqual([
      expect.objectContaining({ id: rows[index]?.message_id, text: `row ${index + 1}`, copies: 1 }),
    ]);
  }
}, 120_000);

test("a batch loses a device on the way: the others send what it had and what was still to come", async () => {
  for (const { id } of [a, b])
    await pombo.api("PATCH", `/v1/devices/${id}`, { pace: { gap_ms: 100 } }); // oxlint-disable-line no-await-in-loop -- few
  const numbers = Array.from({ length: 60 }, someone);
  const id = await sendBatch(numbers, pool);
  await eventually(
    () => readBatch(id),
    ({ counts }) => OVER.reduce((sum, status) => sum + (counts[status] ?? 0), 0) > 10,
  );
  const out = await pombo.api("POST", `/v1/devices/${a.id}/logout`);
  expect(out.status, JSON.stringify(out.body)).toBe(200);
  const { counts } = await completed(id);
  expect(OVER.reduce((sum, status) => sum + (counts[status] ?? 0), 0)).toBe(60);
  const rows = await rowsOf(id);
  expect(rows.filter(({ device_id: device }) => device === a.id).length).toBeGreaterThan(0);
  for (const number of numbers) {
    const shown = await pombo.phoneMessages(number); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(shown.map(({ copies: count }) => count)).toEqual([1]);
  }
}, 120_000);
