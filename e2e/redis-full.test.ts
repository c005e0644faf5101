import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { LogEntry } from "./chaos/follow-log.ts";
import { eventually } from "./eventually.ts";
import { lookIntoRedis, type RedisView } from "./look-into-redis.ts";
import { pairDevice } from "./pair-devices.ts";
import { startOutside } from "./outside-process.ts";
import { Pombo, QUICK } from "./pombo.ts";

let stack: AsyncDisposableStack;
let pombo: Pombo;
let view: RedisView;
let next = 0;
const someone = () => `55119600${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  pombo = stack.use(
    await Pombo.start({ env: { ...QUICK, POMBO_ACK_WAIT_MS: "3000" }, args: ["--no-restart"] }),
  );
  view = stack.use(await lookIntoRedis(pombo));
});
afterAll(() => stack.disposeAsync());

/** Of the worker's log, what was written before the test. */
let before = 0;
beforeEach(async () => {
  for (const refusal of [FULL, SHUT]) await takeAll(refusal); // oxlint-disable-line no-await-in-loop -- two
  before = (await readFile(join(pombo.data, "logs", "worker-1.log"), "utf8")).length;
});

/** A full Redis takes what frees memory; one whose disk is full, or whose replicas are away, takes no write at all. */
const FULL = { setting: "maxmemory", on: "1mb", off: "0", says: /OOM/ } as const;
const SHUT = { setting: "min-replicas-to-write", on: "1", off: "0", says: /NOREPLICAS/ } as const;
type Refusal = typeof FULL | typeof SHUT;

const refuse = ({ setting, on }: Refusal) => view.redis.config("SET", setting, on);
const takeAll = ({ setting, off }: Refusal) => view.redis.config("SET", setting, off);

/** What the worker wrote to its log of these things since the test began. */
async function told(pattern: RegExp): Promise<readonly string[]> {
  const log = await readFile(join(pombo.data, "logs", "worker-1.log"), "utf8");
  return log
    .slice(before)
    .split("\n")
    .filter((line) => pattern.test(line));
}

/** What WhatsApp saw of these messages. */
async function logged(what: string, ids: readonly string[]): Promise<readonly LogEntry[]> {
  const log = await pombo.control<LogEntry[]>("GET", "/admin/log?after=0");
  return log.filter(({ kind, id }) => kind === what && ids.includes(id ?? ""));
}

/** Redis refuses writes, and receipts of settled messages have come since. */
async function receiptsWhile(refusal: Refusal): Promise<readonly string[]> {
  const numbers = Array.from({ length: 5 }, someone);
  for (const to of numbers) {
    const delays = { delivered: 2_000, read: 2_200 };
    await pombo.control("POST", `/admin/phones/${to}/settings`, { delays }); // oxlint-disable-line no-await-in-loop -- few
  }
  const ids = await Promise.all(numbers.map((to) => pombo.send(to, "before")));
  for (const id of ids) await pombo.until(id, ({ status }) => status === "sent"); // oxlint-disable-line no-await-in-loop
  await refuse(refusal);
  await eventually(
    () => logged("receipt", ids),
    (receipts) => receipts.length === 2 * ids.length,
  );
  await eventually(
    () => told(/receipt\.(refused|lost)/),
    (lines) => lines.length >= ids.length,
  );
  return ids;
}

test.each([FULL, SHUT])(
  "receipts that come while Redis refuses writes ($says) are written later, also of messages that were settled before",
  async (refusal) => {
    const ids = await receiptsWhile(refusal);
    await takeAll(refusal);
    for (const id of ids) {
      const message = await pombo.until(id, settled); // oxlint-disable-line no-await-in-loop
      expect(message).toMatchObject({ status: "read", attempts: 1 });
      const seen = message.timeline.map(({ status }) => status);
      expect(seen).toEqual(["queued", "sending", "sent", "delivered", "read"]);
    }
  },
);

test("Redis refuses writes for longer than a lease lives: the device is cut off and comes back, and the receipts are written then", async () => {
  const ids = await receiptsWhile(SHUT);
  await eventually(
    () => told(/device\.cut_off/),
    (lines) => lines.length > 0,
  );
  await takeAll(SHUT);
  for (const id of ids)
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 }); // oxlint-disable-line no-await-in-loop -- few
  const id = await pombo.send(someone(), "afterwards");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 });
});

interface Batch {
  readonly batch_id: string;
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
}

test("Redis refuses writes while rows of a batch are drawn and sent: each row leaves once, under its id, and is read", async () => {
  const gap = await pombo.api("PATCH", `/v1/devices/${pombo.ready.device_id}`, {
    pace: { gap_ms: 20 },
  });
  expect(gap.status).toBe(200);
  const numbers = Array.from({ length: 150 }, someone);
  const rows = numbers.map((to, index) => ({ to, text: `row ${index + 1}` }));
  const made = await pombo.api<Batch>("POST", "/v1/batches", {
    from: pombo.ready.device_id,
    rows,
  });
  const id = made.body.batch_id;
  const read = async (): Promise<Batch> =>
    (await pombo.api<Batch>("GET", `/v1/batches/${id}`)).body;
  for (const [least, refusal] of [
    [10, FULL],
    [60, SHUT],
  ] as const) {
    // oxlint-disable no-await-in-loop -- one time after the other
    await eventually(read, ({ counts }) => (counts["read"] ?? 0) >= least);
    const seen = (await told(refusal.says)).length;
    await refuse(refusal);
    await eventually(
      () => told(refusal.says),
      (lines) => lines.length > seen,
    );
    await takeAll(refusal);
    // oxlint-enable no-await-in-loop
  }
  const { counts } = await eventually(read, ({ counts: of }) => of["read"] === 150, 60_000);
  expect(counts).toMatchObject({ failed: 0, unknown: 0, queued: 0 });
  const list = await pombo.api<{ messages: { message_id: string }[] }>(
    "GET",
    `/v1/batches/${id}/messages?limit=200`,
  );
  for (const [index, to] of numbers.entries()) {
    const shown = await pombo.phoneMessages(to); // oxlint-disable-line no-await-in-loop -- one after the other
    expect(shown.map(({ id: one, text }) => ({ id: one, text }))).toEqual([
      { id: list.body.messages[index]?.message_id, text: `row ${index + 1}` },
    ]);
  }
  expect(await told(/receipt\.lost/)).toEqual([]);
}, 180_000);

test.each([FULL, SHUT])(
  "a 463 that comes while Redis refuses writes ($says) is written later: the message has not left, and goes when the hold ends",
  async (refusal) => {
    const device = await pairDevice(pombo, `5511960${String((next += 1)).padStart(6, "9")}`);
    const restricted = { restricted_until: Math.ceil(Date.now() / 1_000) + 3 };
    await pombo.control("POST", `/admin/phones/${device.phone}/settings`, restricted);
    const to = someone();
    await pombo.fault("message", { delay_ms: 1_000 }, { match: { to } });
    const id = await pombo.send(to, "refused", { from: device.id });
    await eventually(
      () => logged("message", [id]),
      (seen) => seen.length === 1,
    );
    await refuse(refusal);
    await eventually(
      () => logged("ack", [id]),
      (seen) => seen.length === 1,
    );
    const refused = (await told(refusal.says)).length;
    await eventually(
      () => told(refusal.says),
      (lines) => lines.length > refused,
    );
    await takeAll(refusal);
    const message = await pombo.until(id, settled);
    expect(message).toMatchObject({ status: "read", attempts: 2 });
    expect(message.timeline.map(({ status }) => status)).not.toContain("unknown");
    expect(await logged("message", [id])).toHaveLength(2);
  },
);

test.each([FULL, SHUT])(
  "who opts out while Redis refuses writes ($says) is on the list once it takes them",
  async (refusal) => {
    const number = someone();
    await pombo.until(await pombo.send(number, "hello"), settled);
    await refuse(refusal);
    const letter = { to: pombo.ready.phone, text: "STOP" };
    await pombo.control("POST", `/admin/phones/${number}/messages`, letter);
    await eventually(
      () => told(/(inbound\.(refused|lost)|not_written)/),
      (lines) => lines.length > 0,
    );
    await takeAll(refusal);
    await eventually(
      () => pombo.api("GET", `/v1/suppressions/${number}`),
      ({ status }) => status === 200,
    );
  },
);

// The last one: its worker is not started again.
test("a worker that is told to end while Redis is full ends at once, whatever it keeps; all goes on with the next one", async () => {
  const ids = await receiptsWhile(FULL);
  const [pid = 0] = (await pombo.living()).worker;
  process.kill(pid, "SIGTERM");
  await eventually(
    () => told(/worker\.stopped/),
    (lines) => lines.length === 1,
    10_000,
  );
  await takeAll(FULL);
  await using _worker = await startOutside(pombo, "worker");
  const id = await pombo.send(someone(), "room");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 });
  for (const one of ids) expect(await pombo.message(one)).toMatchObject({ attempts: 1 }); // oxlint-disable-line no-await-in-loop -- few
});
