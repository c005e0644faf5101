import { type CellId, DEFAULT_SETTINGS, type DeviceId, type EndpointId } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import { cellKeys, openRedis } from "@pombo/redis";
import { compileCache, openTestRedis } from "@pombo/testbed";
import { mintSecret } from "@pombo/webhook";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ok, openReceiver, type Receiver } from "./receiver.test-bed.ts";

const DEVICE = "dev_0000000000000001" as DeviceId;
const MAIN = join(import.meta.dirname, "main.ts");
/** Times that let a test see in seconds what takes hours. */
const QUICK = {
  POMBO_ENV: "development",
  POMBO_NOTIFIER_ID: "notifier-1",
  POMBO_WEBHOOK_TIMEOUT_MS: "500",
  POMBO_WEBHOOK_BACKOFF_BASE_MS: "100",
  POMBO_WEBHOOK_BACKOFF_CAP_MS: "500",
  POMBO_WEBHOOK_CIRCUIT_MS: "300",
  POMBO_WEBHOOK_CIRCUIT_CAP_MS: "600",
  POMBO_WEBHOOK_LOCK_MS: "1000",
  POMBO_WEBHOOK_REPAIR_MS: "500",
  POMBO_WEBHOOK_SWEEP_MS: "200",
};
const WITHIN = { timeout: 60_000, interval: 50 };

/** The notifier as a process, on a Redis of its own. */
async function setup(settings: Readonly<Record<string, string>> = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const redis = stack.use(await openRedis({ url: server.url, role: "worker" })).client;
  const keys = cellKeys("c0" as CellId);
  const ledger = openLedger({ redis, keys, settings: DEFAULT_SETTINGS });
  let child: ChildProcess | undefined;
  let said = "";
  const run = async (more: Readonly<Record<string, string>> = {}): Promise<ChildProcess> => {
    const redisUrl = { POMBO_REDIS_URL: server.url };
    const env = { ...compileCache(), ...QUICK, ...settings, ...more, ...redisUrl };
    const started = spawn(process.execPath, [MAIN], {
      env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [started.stdout, started.stderr])
      stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(started, "message");
    return started;
  };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child === undefined) return null;
    const ended = once(child, "exit");
    child.kill(signal);
    child = undefined;
    return ((await ended) as [number | null])[0];
  };
  stack.defer(async () => void (await end("SIGKILL")));
  return {
    ledger,
    redis,
    keys,
    said: () => said,
    async start() {
      child = await run();
    },
    /** One more, that ends with the test. */
    async spawn(more: Readonly<Record<string, string>>) {
      const one = await run(more);
      stack.defer(() => void one.kill("SIGKILL"));
      return one;
    },
    end,
    /** Something happens on the device; its cursor. */
    async happen(device = DEVICE) {
      await ledger.announce(device, "lane.blocked", Date.now());
      return (await redis.xrevrange(keys.events(), "+", "-", "COUNT", 1))[0]?.[0] ?? "";
    },
    /** A receiver, and an endpoint that leads to it. */
    async endpoint(over: { readonly devices?: "*" | readonly string[] } = {}) {
      const receiver = stack.use(await openReceiver());
      const id = `wh_${randomBytes(8).toString("hex")}` as EndpointId;
      const secret = mintSecret(randomBytes(32));
      receiver.trust(secret);
      const { devices = "*" } = over;
      const about = { description: "", events: ["lane.*", "webhook.test"], keyId: "key_1" };
      await ledger.createEndpoint({
        id,
        url: receiver.url,
        secret,
        devices,
        now: Date.now(),
        ...about,
      });
      return { id, receiver };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Setup = Awaited<ReturnType<typeof setup>>;

async function happenMany(t: Setup, count: number): Promise<string[]> {
  const cursors: string[] = [];
  for (let number = 0; number < count; number += 1) cursors.push(await t.happen());
  return cursors;
}

const cursorsOf = ({ heard }: Receiver): string[] =>
  [...new Set(heard.map(({ cursor }) => cursor))].toSorted();

/** Everything arrived, signed, and repeats only under the same id. */
async function expectAll(receiver: Receiver, cursors: readonly string[]): Promise<void> {
  await expect.poll(() => cursorsOf(receiver).length, WITHIN).toBe(cursors.length);
  expect(cursorsOf(receiver)).toEqual(cursors.toSorted());
  expect(new Set(receiver.heard.map(({ id }) => id)).size).toBe(cursors.length);
  expect(receiver.forged).toEqual([]);
}

test("killed ten times under load: nothing is missing, and repeats come under the same id", async () => {
  await using t = await setup();
  const { id, receiver } = await t.endpoint();
  const cursors: string[] = [];
  for (let kill = 0; kill < 10; kill += 1) {
    await t.start();
    const before = receiver.heard.length;
    const load = happenMany(t, 100);
    await expect.poll(() => receiver.heard.length, WITHIN).toBeGreaterThan(before + 5 * kill);
    await t.end("SIGKILL");
    cursors.push(...(await load));
  }
  await t.start();
  await expectAll(receiver, cursors);
  await expect.poll(async () => (await t.ledger.findEndpoint(id))?.open, WITHIN).toBe(0);
}, 180_000);

test("a reader that died between the ledger and the jobs loses nothing", async () => {
  await using t = await setup();
  const { id, receiver } = await t.endpoint();
  const epoch = await t.ledger.takeReader("dead#1", 500);
  const from = (await t.ledger.findEndpoint(id))?.cursor ?? "";
  const cursors = await happenMany(t, 3);
  const deliveries = cursors.map((cursor) => ({
    delivery: cursor,
    type: "lane.blocked",
    body: JSON.stringify({ type: "lane.blocked", data: { cursor } }),
  }));
  const to = cursors.at(-1) ?? "";
  const feed = { endpointId: id, which: "cursor", from, to, now: Date.now(), deliveries } as const;
  expect(await t.ledger.feedDeliveries({ ...feed, epoch: epoch ?? 0 })).toBe(true);
  await t.start();
  await expectAll(receiver, cursors);
}, 60_000);

test("of two notifiers one reads the log; when it dies the other one goes on", async () => {
  await using t = await setup({ POMBO_WEBHOOK_LEASE_MS: "1000" });
  const { receiver } = await t.endpoint();
  const first = await t.spawn({ POMBO_NOTIFIER_ID: "first" });
  await expect.poll(() => t.said(), WITHIN).toContain("reader.began");
  await t.spawn({ POMBO_NOTIFIER_ID: "second" });
  const cursors = await happenMany(t, 50);
  await expect.poll(() => receiver.heard.length, WITHIN).toBeGreaterThan(5);
  first.kill("SIGKILL");
  cursors.push(...(await happenMany(t, 50)));
  await expectAll(receiver, cursors);
}, 60_000);

test("all its connections are cut, again and again: everything arrives all the same", async () => {
  await using t = await setup();
  const { receiver } = await t.endpoint();
  await t.start();
  const cursors: string[] = [];
  for (let cut = 0; cut < 5; cut += 1) {
    const before = receiver.heard.length;
    const load = happenMany(t, 50);
    await expect.poll(() => receiver.heard.length, WITHIN).toBeGreaterThan(before);
    await t.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await t.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
    cursors.push(...(await load));
  }
  await expectAll(receiver, cursors);
}, 120_000);

test("an endpoint that fails, redirects and hangs gets every event in the end, signed", async () => {
  await using t = await setup();
  const { receiver } = await t.endpoint();
  receiver.answer((res, { attempt }) => {
    if (attempt === 1) return void res.writeHead(500).end();
    if (attempt === 2) return void res.writeHead(302, { location: "/elsewhere" }).end();
    if (attempt === 3) return undefined;
    return ok(res, receiver.heard[0] as never);
  });
  await t.start();
  const cursors = await happenMany(t, 12);
  await expectAll(receiver, cursors);
  await expect
    .poll(() => receiver.heard.filter(({ attempt }) => attempt === 4).length, WITHIN)
    .toBe(cursors.length);
}, 120_000);

test("an endpoint that is dead for a while gets everything when it is back, and its cursor waits meanwhile", async () => {
  await using t = await setup();
  const { id, receiver } = await t.endpoint();
  const other = await t.endpoint();
  await receiver.die();
  await t.start();
  const cursors = await happenMany(t, 200);
  await expectAll(other.receiver, cursors);
  await expect
    .poll(async () => (await t.ledger.findEndpoint(id))?.openUntil, WITHIN)
    .toBeGreaterThan(0);
  expect((await t.ledger.findEndpoint(id))?.open).toBeLessThan(100);
  await receiver.live();
  await expectAll(receiver, cursors);
  await expect
    .poll(async () => (await t.ledger.findEndpoint(id))?.openUntil, WITHIN)
    .toBeUndefined();
}, 120_000);

test("resumed by hand, an endpoint gets at once what would have waited for an hour", async () => {
  await using t = await setup({
    POMBO_WEBHOOK_BACKOFF_BASE_MS: "3600000",
    POMBO_WEBHOOK_BACKOFF_CAP_MS: "3600000",
    POMBO_WEBHOOK_CIRCUIT_MS: "3600000",
    POMBO_WEBHOOK_CIRCUIT_CAP_MS: "3600000",
  });
  const { id, receiver } = await t.endpoint();
  receiver.answer((res) => void res.writeHead(503).end());
  await t.start();
  const cursors = await happenMany(t, 30);
  await expect
    .poll(async () => (await t.ledger.findEndpoint(id))?.openUntil, WITHIN)
    .toBeGreaterThan(0);
  // What failed before waits; one that is still under way would fail afterwards, and wait for its hour.
  await expect.poll(() => t.redis.zcard(t.keys.inhand(id)), WITHIN).toBe(0);
  receiver.answer(ok);
  await t.ledger.resumeEndpoint(id, "cursor", Date.now());
  await expectAll(receiver, cursors);
  await expect.poll(async () => (await t.ledger.findEndpoint(id))?.open, WITHIN).toBe(0);
}, 60_000);

test("410 disables the endpoint; resumed, it gets what it missed", async () => {
  await using t = await setup();
  const { id, receiver } = await t.endpoint();
  receiver.answer((res) => void res.writeHead(410).end());
  await t.start();
  const cursors = await happenMany(t, 5);
  await expect
    .poll(async () => await t.ledger.findEndpoint(id), WITHIN)
    .toMatchObject({ state: "disabled", reason: "gone" });
  cursors.push(...(await happenMany(t, 5)));
  receiver.answer(ok);
  await t.ledger.resumeEndpoint(id, "cursor", Date.now());
  await expectAll(receiver, cursors);
}, 60_000);

test("slow endpoints don't make the others wait", async () => {
  await using t = await setup({
    POMBO_WEBHOOK_CONCURRENCY: "25",
    POMBO_WEBHOOK_IN_HAND: "10",
    POMBO_WEBHOOK_TIMEOUT_MS: "5000",
  });
  const slow = [await t.endpoint(), await t.endpoint()];
  for (const { receiver } of slow)
    receiver.answer((res, heard) => void setTimeout(() => ok(res, heard), 3_000));
  const quick = await t.endpoint();
  await t.start();
  const cursors = await happenMany(t, 100);
  await expectAll(quick.receiver, cursors);
  for (const { receiver } of slow) expect(receiver.heard.length).toBeLessThan(60);
}, 60_000);

test("an endpoint hears of its devices only; a test, a repeat and a stretch come when they are asked for", async () => {
  await using t = await setup();
  const { id, receiver } = await t.endpoint({ devices: [DEVICE] });
  await t.start();
  await t.happen("dev_other0000000000" as DeviceId);
  const cursors = await happenMany(t, 3);
  await expectAll(receiver, cursors);
  const [first = ""] = cursors;
  const body = JSON.stringify({ type: "webhook.test", data: { cursor: "test-1" } });
  await t.ledger.redeliver(id, { delivery: "test-1", type: "webhook.test", body }, Date.now());
  await expect.poll(() => receiver.heard.at(-1)?.type, WITHIN).toBe("webhook.test");
  expect(await t.ledger.replayEvents(id, first, cursors[2] ?? "")).toBe("begun");
  await expect.poll(() => receiver.heard.length, WITHIN).toBe(7);
  expect(
    receiver.heard
      .slice(4)
      .map(({ cursor }) => cursor)
      .toSorted(),
  ).toEqual(cursors);
  expect(receiver.heard.filter(({ attempt }) => attempt === 2)).toHaveLength(3);
}, 60_000);

test("what is tried for its whole time is parked and shown", async () => {
  await using t = await setup({
    POMBO_WEBHOOK_RETRY_MS: "800",
    POMBO_WEBHOOK_CIRCUIT_FAILURES: "1000",
  });
  const { id, receiver } = await t.endpoint();
  receiver.answer((res) => void res.writeHead(503).end());
  await t.start();
  const cursor = await t.happen();
  await expect
    .poll(async () => await t.ledger.findEndpoint(id), WITHIN)
    .toMatchObject({ open: 0, parked: 1 });
  expect(await t.ledger.listDeliveries(id, { parked: true, offset: 0, limit: 9 })).toMatchObject([
    { delivery: cursor, state: "parked", status: 503 },
  ]);
}, 60_000);

test("told to end, it settles what is in hand, gives the log to the next one and exits with 0", async () => {
  await using t = await setup({ POMBO_WEBHOOK_TIMEOUT_MS: "5000" });
  const { id, receiver } = await t.endpoint();
  let answer = (): void => undefined;
  receiver.answer((res, heard) => (answer = () => ok(res, heard)));
  await t.start();
  await t.happen();
  await expect.poll(() => receiver.heard.length, WITHIN).toBe(1);
  const ended = t.end("SIGTERM");
  await expect.poll(() => t.said(), WITHIN).toContain("notifier.stopping");
  answer();
  expect(await ended).toBe(0);
  expect(await t.ledger.findEndpoint(id)).toMatchObject({ open: 0 });
  expect(await t.ledger.takeReader("another#1", 1_000)).toBeGreaterThan(0);
  expect(receiver.heard).toHaveLength(1);
}, 60_000);
