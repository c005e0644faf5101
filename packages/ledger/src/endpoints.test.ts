import { DEFAULT_SETTINGS, deviceEndpointId, type EndpointId, type Settings } from "@pombo/domain";
import { expect, test } from "vitest";
import type { NewEndpoint } from "./endpoints.ts";
import { DEVICE, setup as setupLedger } from "./setup.test-bed.ts";

const ID = "wh_0123456789abcdef" as EndpointId;
const NOW = 1_700_000_000_000;

const endpoint = (over: Partial<NewEndpoint> = {}): NewEndpoint => ({
  id: ID,
  url: "https://example.com/in",
  secret: "whsec_one",
  description: "",
  events: ["*"],
  devices: "*",
  keyId: "key_1",
  now: NOW,
  ...over,
});

/** A ledger with one endpoint, and a reader of the event log. */
async function setup(over: Partial<Settings> = {}) {
  const t = await setupLedger(over);
  await t.ledger.createEndpoint(endpoint());
  const epoch = await t.ledger.takeReader("notifier#1", 60_000);
  if (epoch === undefined) throw new Error("no reader");
  /** Lets something happen, and returns its cursor. */
  const happen = async (): Promise<string> => {
    await t.ledger.announce(DEVICE, "lane.blocked", Date.now());
    const [last] = await t.redis.xrevrange(t.keys.events(), "+", "-", "COUNT", 1);
    return last?.[0] ?? "";
  };
  const cursor = async () => (await t.ledger.findEndpoint(ID))?.cursor ?? "";
  const feed = async (
    to: string,
    with_: Partial<Parameters<typeof t.ledger.feedDeliveries>[0]> = {},
  ) =>
    t.ledger.feedDeliveries({
      endpointId: ID,
      epoch,
      which: "cursor",
      from: await cursor(),
      to,
      now: NOW,
      deliveries: [{ delivery: to, type: "lane.blocked", body: `body of ${to}` }],
      ...with_,
    });
  const begin = (delivery: string, now = NOW) =>
    t.ledger.beginDelivery({ endpointId: ID, delivery }, { now, ends: now + 10_000 });
  const settle = (
    delivery: string,
    verdict: "delivered" | "park" | "gone" | number,
    { tries = 1, now = NOW } = {},
  ) =>
    t.ledger.settleDelivery({
      endpointId: ID,
      delivery,
      tries,
      now,
      verdict: typeof verdict === "number" ? { kind: "retry", at: verdict } : { kind: verdict },
      status: verdict === "delivered" ? 200 : 500,
      tookMs: 5,
      restMs: 30_000,
    });
  const list = (parked = false) => t.ledger.listDeliveries(ID, { parked, offset: 0, limit: 100 });
  return {
    ...t,
    epoch,
    happen,
    cursor,
    feed,
    begin,
    settle,
    list,
    view: async () => {
      const found = await t.ledger.findEndpoint(ID);
      if (found === undefined) throw new Error("no endpoint");
      return found;
    },
    types: async () =>
      (await t.redis.xrange(t.keys.events(), "-", "+")).map(([, fields]) => fields[1]),
    [Symbol.asyncDispose]: () => t[Symbol.asyncDispose](),
  };
}

test("an endpoint begins at the end of the log, and creating it again changes nothing", async () => {
  await using t = await setup();
  const cursor = await t.happen();
  const other = "wh_0000000000000001" as EndpointId;
  expect(await t.ledger.createEndpoint(endpoint({ id: other }))).toBe("created");
  await t.happen();
  expect(await t.ledger.createEndpoint(endpoint({ id: other, url: "https://other" }))).toBe(
    "exists",
  );
  expect(await t.ledger.findEndpoint(other)).toMatchObject({
    url: "https://example.com/in",
    cursor,
    state: "enabled",
    events: ["*"],
    devices: "*",
  });
  expect((await t.ledger.listEndpoints()).map(({ id }) => id).toSorted()).toEqual([other, ID]);
});

test("there are no more endpoints than the limit", async () => {
  await using t = await setup({ webhook_endpoints_limit: 1 });
  const other = endpoint({ id: "wh_0000000000000001" as EndpointId });
  expect(await t.ledger.createEndpoint(other)).toBe("full");
  expect(await t.ledger.createEndpoint(endpoint())).toBe("exists");
});

test("one notifier reads the log; the next start of the same one takes over at once, under a higher epoch", async () => {
  await using t = await setup();
  expect(await t.ledger.takeReader("other#1", 60_000)).toBeUndefined();
  expect(await t.ledger.takeReader("notifier#1", 60_000)).toBe(t.epoch);
  const next = await t.ledger.takeReader("notifier#2", 60_000);
  expect(next).toBeGreaterThan(t.epoch);
  const to = await t.happen();
  expect(await t.feed(to)).toBe(false);
  expect(await t.feed(to, { epoch: next ?? 0 })).toBe(true);
  await t.ledger.dropReader("notifier#1");
  expect(await t.ledger.takeReader("other#1", 60_000)).toBeUndefined();
  await t.ledger.dropReader("notifier#2");
  expect(await t.ledger.takeReader("other#1", 60_000)).toBeGreaterThan(next ?? 0);
});

test("the cursor and the deliveries move together, and a repeat of the step changes nothing", async () => {
  await using t = await setup();
  const from = await t.cursor();
  const to = await t.happen();
  expect(await t.feed(to)).toBe(true);
  expect(await t.feed(to, { from })).toBe(false);
  expect(await t.view()).toMatchObject({ cursor: to, open: 1, retrying: 0 });
  expect(await t.ledger.openDeliveries(ID)).toEqual([{ delivery: to }]);
});

test("delivered: it is open no more, and a repeat of its job is a ghost", async () => {
  await using t = await setup();
  const to = await t.happen();
  await t.feed(to);
  expect(await t.begin(to)).toEqual({
    kind: "post",
    url: "https://example.com/in",
    secrets: ["whsec_one"],
    body: `body of ${to}`,
    type: "lane.blocked",
    tries: 1,
    since: NOW,
    opens: 0,
  });
  expect(await t.settle(to, "delivered")).toBe("ended");
  expect(await t.settle(to, "delivered")).toBe("stale");
  expect(await t.begin(to)).toEqual({ kind: "ghost" });
  expect(await t.view()).toMatchObject({ open: 0 });
  expect(await t.list()).toEqual([
    {
      delivery: to,
      type: "lane.blocked",
      state: "delivered",
      attempts: 1,
      at: NOW,
      status: 200,
      tookMs: 5,
    },
  ]);
});

test("what somebody has in hand is left to him until his request must be over", async () => {
  await using t = await setup();
  const to = await t.happen();
  await t.feed(to);
  await t.begin(to);
  expect(await t.begin(to, NOW + 9_999)).toEqual({ kind: "later", at: NOW + 10_000 });
  expect(await t.begin(to, NOW + 10_000)).toMatchObject({ kind: "post", tries: 2 });
  // He comes back after all: the try that counts is another one by now.
  expect(await t.settle(to, 1, { tries: 1 })).toBe("stale");
  expect(await t.settle(to, "delivered", { tries: 2 })).toBe("ended");
});

test("a begin whose answer got lost is asked again and answered the same", async () => {
  const asked: unknown[][] = [];
  await using t = await setup();
  const to = await t.happen();
  await t.feed(to);
  const evalsha = t.redis.evalsha.bind(t.redis);
  t.redis.evalsha = ((...args: Parameters<typeof evalsha>) => {
    asked.push(args);
    return evalsha(...args);
  }) as typeof t.redis.evalsha;
  await t.begin(to);
  const [last] = asked.slice(-1) as [Parameters<typeof evalsha>];
  const again = (await evalsha(...last)) as unknown[];
  expect([again[0], again[5]]).toEqual(["post", 1]);
  expect(await t.settle(to, "delivered", { tries: 1 })).toBe("ended");
});

test("a failure waits for its time and does not count as ready", async () => {
  await using t = await setup();
  const to = await t.happen();
  await t.feed(to);
  await t.begin(to);
  expect(await t.settle(to, NOW + 5_000)).toBe("waits");
  expect(await t.view()).toMatchObject({ open: 1, retrying: 1, failures: 1 });
  expect(await t.begin(to, NOW + 4_999)).toEqual({ kind: "later", at: NOW + 5_000 });
  expect(await t.ledger.openDeliveries(ID)).toEqual([{ delivery: to, nextAt: NOW + 5_000 }]);
  expect(await t.list()).toMatchObject([{ state: "retrying", nextAt: NOW + 5_000, status: 500 }]);
  expect(await t.begin(to, NOW + 5_000)).toMatchObject({ kind: "post", tries: 2, since: NOW });
  expect(await t.view()).toMatchObject({ open: 1, retrying: 0 });
});

test("no more requests than the limit are under way to one endpoint", async () => {
  await using t = await setup({ webhook_in_hand: 2 });
  const all = [await t.happen(), await t.happen(), await t.happen()];
  for (const to of all) await t.feed(to);
  expect(await t.begin(all[0] ?? "")).toMatchObject({ kind: "post" });
  expect(await t.begin(all[1] ?? "")).toMatchObject({ kind: "post" });
  expect(await t.begin(all[2] ?? "")).toEqual({ kind: "busy", open: 3 });
  await t.settle(all[0] ?? "", "delivered");
  expect(await t.begin(all[2] ?? "")).toMatchObject({ kind: "post" });
});

test("failures in a row open the circuit; then a single probe decides", async () => {
  await using t = await setup({ webhook_circuit_failures: 2 });
  const all = [await t.happen(), await t.happen(), await t.happen()];
  const [a = "", b = "", c = ""] = all;
  for (const to of all) await t.feed(to);
  for (const to of [a, b]) {
    await t.begin(to);
    await t.settle(to, NOW + 1_000);
  }
  expect(await t.view()).toMatchObject({ failures: 2, openUntil: NOW + 30_000 });
  expect(await t.begin(c)).toEqual({ kind: "later", at: NOW + 30_000 });
  const then = NOW + 30_000;
  expect(await t.begin(c, then)).toMatchObject({ kind: "post", opens: 1 });
  expect(await t.begin(a, then)).toEqual({ kind: "later", at: then + 10_000 });
  await t.settle(c, then + 1_000, { now: then });
  expect(await t.view()).toMatchObject({ openUntil: then + 30_000 });
  const later = then + 30_000;
  expect(await t.begin(a, later)).toMatchObject({ kind: "post", opens: 2 });
  await t.settle(a, "delivered", { tries: 2, now: later });
  const closed = await t.view();
  expect(closed).toMatchObject({ failures: 0 });
  expect(closed).not.toHaveProperty("openUntil");
  expect(await t.begin(b, later)).toMatchObject({ kind: "post", opens: 0 });
});

test("resumed by hand, what failed may be tried at once, and the circuit is closed", async () => {
  await using t = await setup({ webhook_circuit_failures: 1 });
  const to = await t.happen();
  await t.feed(to);
  await t.begin(to);
  await t.settle(to, NOW + 3_600_000);
  expect(await t.view()).toMatchObject({ retrying: 1, openUntil: NOW + 30_000 });
  await t.ledger.resumeEndpoint(ID, "cursor", NOW + 1);
  const resumed = await t.view();
  expect(resumed).toMatchObject({ state: "enabled", open: 1, retrying: 0, failures: 0 });
  expect(resumed).not.toHaveProperty("openUntil");
  expect(await t.begin(to, NOW + 1)).toMatchObject({ kind: "post", tries: 2 });
});

test("gone: the endpoint is disabled with an event, what is open waits for it and goes on when it is resumed", async () => {
  await using t = await setup();
  const [a, b] = [await t.happen(), await t.happen()];
  await t.feed(a);
  await t.feed(b);
  await t.begin(a);
  await t.settle(a, "gone");
  expect(await t.view()).toMatchObject({ state: "disabled", reason: "gone", open: 2 });
  expect(await t.types()).toContain("webhook.disabled");
  expect(await t.begin(b)).toEqual({ kind: "shelved" });
  expect(await t.feed(await t.happen())).toBe(false);
  await t.ledger.resumeEndpoint(ID, "cursor", NOW + 60_000);
  expect(await t.view()).toMatchObject({ state: "enabled", cursor: b });
  expect(await t.begin(a, NOW + 60_000)).toMatchObject({ tries: 2, since: NOW + 60_000 });
  expect(await t.begin(b, NOW + 60_000)).toMatchObject({ tries: 1 });
});

test("parked after its time: shown apart with its body, and delivered when it is asked for", async () => {
  await using t = await setup();
  const to = await t.happen();
  await t.feed(to);
  await t.begin(to);
  await t.settle(to, "park");
  expect(await t.view()).toMatchObject({ open: 0, parked: 1 });
  expect(await t.list(true)).toMatchObject([{ delivery: to, state: "parked", attempts: 1 }]);
  expect(await t.begin(to)).toEqual({ kind: "ghost" });
  const again = { delivery: to, type: "" };
  expect(await t.ledger.redeliver(ID, again, NOW + 9)).toBe("opened");
  expect(await t.view()).toMatchObject({ open: 1, parked: 0 });
  expect(await t.begin(to, NOW + 9)).toMatchObject({
    body: `body of ${to}`,
    type: "lane.blocked",
    tries: 1,
    since: NOW + 9,
  });
  await t.settle(to, "delivered");
  expect(await t.ledger.redeliver(ID, again, NOW)).toBe("no-body");
  const given = { ...again, body: "from the log" };
  expect(await t.ledger.redeliver(ID, given, NOW)).toBe("opened");
});

test("one that waits for its next try goes at once when it is asked for, also to an endpoint that is left alone", async () => {
  await using t = await setup({ webhook_circuit_failures: 2 });
  const [to, other] = [await t.happen(), await t.happen()];
  for (const delivery of [to, other]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await t.feed(delivery);
    // oxlint-disable-next-line no-await-in-loop
    await t.begin(delivery);
    // oxlint-disable-next-line no-await-in-loop
    await t.settle(delivery, NOW + 60_000);
  }
  expect(await t.view()).toMatchObject({ retrying: 2, openUntil: expect.any(Number) as number });
  await t.ledger.redeliver(ID, { delivery: "test-1", type: "webhook.test", body: "{}" }, NOW + 1);
  expect(await t.view()).toMatchObject({ openUntil: expect.any(Number) as number });
  expect(await t.ledger.redeliver(ID, { delivery: to, type: "" }, NOW + 1)).toBe("opened");
  expect(await t.view()).toMatchObject({ open: 3, retrying: 1, failures: 0 });
  expect(await t.begin(other, NOW + 1)).toEqual({ kind: "later", at: NOW + 60_000 });
  expect(await t.begin(to, NOW + 1)).toMatchObject({ kind: "post", tries: 2 });
});

test("all that failed since a time goes out again, as far as there is room; what waits goes at once", async () => {
  await using t = await setup({ webhook_open_limit: 2 });
  const [before, first, second, third, waits] = [
    await t.happen(),
    await t.happen(),
    await t.happen(),
    await t.happen(),
    await t.happen(),
  ];
  for (const [index, delivery] of [before, first, second, third].entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one a ms
    await t.feed(delivery);
    // oxlint-disable-next-line no-await-in-loop
    await t.begin(delivery, NOW + index);
    // oxlint-disable-next-line no-await-in-loop
    await t.settle(delivery, "park", { now: NOW + index });
  }
  await t.feed(waits);
  await t.begin(waits, NOW + 9);
  await t.settle(waits, NOW + 60_000, { now: NOW + 9 });
  expect(await t.begin(waits, NOW + 10)).toEqual({ kind: "later", at: NOW + 60_000 });

  const since = NOW + 1;
  const told = await t.ledger.redeliverFailed(ID, since, NOW + 10);
  expect(told).toEqual({ opened: 2, left: 2 });
  expect(await t.view()).toMatchObject({ open: 2, retrying: 0, parked: 3 });
  expect(await t.begin(waits, NOW + 10)).toMatchObject({ kind: "post", tries: 2 });
  expect(await t.begin(first, NOW + 10)).toMatchObject({ kind: "post", tries: 1 });
  await t.settle(waits, "delivered", { tries: 2, now: NOW + 11 });
  await t.settle(first, "delivered", { now: NOW + 11 });
  expect(await t.ledger.redeliverFailed(ID, since, NOW + 12)).toEqual({ opened: 2, left: 0 });
  expect((await t.list(true)).map(({ delivery }) => delivery)).toEqual([before]);
  const other = "wh_00000000000000ff" as EndpointId;
  expect(await t.ledger.redeliverFailed(other, 0, NOW)).toBeUndefined();
});

test("how an answer began is shown until the delivery is opened anew", async () => {
  await using t = await setup();
  const to = await t.happen();
  await t.feed(to);
  await t.begin(to);
  const key = { endpointId: ID, delivery: to };
  const verdict = { kind: "park" } as const;
  const answer = { status: 500, excerpt: "no such tenant", tookMs: 5, restMs: 1 };
  await t.ledger.settleDelivery({ ...key, tries: 1, now: NOW, verdict, ...answer });
  expect((await t.list())[0]?.excerpt).toBe("no such tenant");
  await t.ledger.redeliver(ID, { delivery: to, type: "" }, NOW);
  expect((await t.list())[0]?.excerpt).toBeUndefined();
});

test("of deliveries that ended only so many are shown, of open and parked ones all are kept", async () => {
  await using t = await setup({ webhook_log_entries: 2 });
  const all = [await t.happen(), await t.happen(), await t.happen(), await t.happen()];
  for (const [index, to] of all.entries()) {
    await t.feed(to, { now: NOW + index });
    await t.begin(to, NOW + index);
    await t.settle(to, index === 0 ? "park" : "delivered", { now: NOW + index });
  }
  const last = await t.happen();
  await t.feed(last, { now: NOW + 10 });
  expect((await t.list()).map(({ delivery }) => delivery)).toEqual([last, all[3]]);
  expect(await t.list(true)).toMatchObject([{ delivery: all[0] }]);
  expect(await t.redis.exists(t.keys.delivery(ID, all[1] ?? ""))).toBe(0);
});

test("while a secret is replaced both sign, then only the new one", async () => {
  await using t = await setup();
  for (const _ of ["", "a repeat"]) await t.ledger.rotateSecret(ID, "whsec_two", NOW + 1_000);
  const to = await t.happen();
  await t.feed(to);
  expect(await t.begin(to)).toMatchObject({ secrets: ["whsec_two", "whsec_one"] });
  expect(await t.begin(to, NOW + 10_000)).toMatchObject({ secrets: ["whsec_two"] });
});

test("a test is tried once, also while the endpoint is disabled", async () => {
  await using t = await setup();
  await t.ledger.stopEndpoint(ID, "disabled", { reason: "requested", now: NOW });
  const test_ = { delivery: "test-1", type: "webhook.test", body: "{}" };
  await t.ledger.redeliver(ID, test_, NOW);
  expect(await t.begin("test-1")).toMatchObject({ kind: "post", body: "{}" });
  expect(await t.settle("test-1", NOW + 5_000)).toBe("ended");
  expect(await t.list()).toMatchObject([{ delivery: "test-1", state: "failed", status: 500 }]);
  expect(await t.view()).toMatchObject({ open: 0, failures: 0 });
});

test("a stretch of the log is told once more, and only one at a time", async () => {
  await using t = await setup();
  const all = [await t.happen(), await t.happen(), await t.happen()];
  const [a = "", b = "", c = ""] = all;
  for (const to of all) {
    await t.feed(to);
    await t.begin(to);
    await t.settle(to, "delivered");
  }
  expect(await t.ledger.replayEvents(ID, a, b)).toBe("begun");
  expect(await t.ledger.replayEvents(ID, a, b)).toBe("busy");
  const { replay } = await t.view();
  const found = await t.ledger.eventsAfter(replay?.after ?? "", 9, replay?.to);
  expect(found.map(([cursor]) => cursor)).toEqual([a, b]);
  const deliveries = [{ delivery: a, type: "x", body: "again" }];
  expect(await t.feed(a, { which: "replay", from: replay?.after ?? "", deliveries })).toBe(true);
  expect(await t.view()).toMatchObject({ replay: { after: a, to: b }, cursor: c, open: 1 });
  expect(await t.feed(b, { which: "replay", from: a, deliveries: [] })).toBe(true);
  expect(await t.view()).not.toHaveProperty("replay");
  expect(await t.begin(a)).toMatchObject({ body: "again", tries: 1 });
});

test("a stretch ends where the log ends, so that it is done some time", async () => {
  await using t = await setup();
  const from = await t.happen();
  const to = await t.happen();
  expect(await t.ledger.replayEvents(ID, from, "99999999999999-0")).toBe("begun");
  expect(await t.view()).toMatchObject({ replay: { to } });
});

test("deleted: nothing of it stays, and its jobs are ghosts", async () => {
  await using t = await setup();
  const to = await t.happen();
  await t.feed(to);
  expect(await t.ledger.deleteEndpoint(ID)).toBe(true);
  expect(await t.ledger.deleteEndpoint(ID)).toBe(false);
  expect(await t.begin(to)).toEqual({ kind: "ghost" });
  expect((await t.redis.keys("*")).filter((key) => key.includes(ID))).toEqual([]);
});

/** Times that no slow machine reaches by itself. */
const KEPT = { events_kept_ms: 300_000, webhook_behind_ms: 600_000 };
/** Older than what is kept, and older than what an endpoint may hold. */
const [OLD, TOO_OLD] = [400_000, 700_000];
/** As many as a node of the stream holds, and more: trimming takes whole nodes. */
const MANY = 250;

test("the log is trimmed to its time when no endpoint holds it", async () => {
  await using t = await setup(KEPT);
  await t.ledger.deleteEndpoint(ID);
  for (let count = 0; count < MANY; count += 1) await t.happen();
  const first = await t.redis.xlen(t.keys.events());
  expect(await t.ledger.trimEvents(Date.now())).toMatchObject({ trimmed: 0 });
  const { trimmed } = await t.ledger.trimEvents(Date.now() + OLD);
  expect(trimmed).toBeGreaterThan(0);
  expect(await t.redis.xlen(t.keys.events())).toBe(first - trimmed);
});

test("an enabled endpoint holds what it has not seen; one that is too far behind is parked, and the gap is shown", async () => {
  await using t = await setup(KEPT);
  const from = await t.cursor();
  for (let count = 0; count < MANY; count += 1) await t.happen();
  const length = await t.redis.xlen(t.keys.events());
  expect(await t.ledger.trimEvents(Date.now() + OLD)).toEqual({ trimmed: 0, parked: [] });
  expect(await t.redis.xlen(t.keys.events())).toBe(length);
  const late = await t.ledger.trimEvents(Date.now() + TOO_OLD);
  expect(late).toMatchObject({ parked: [ID] });
  expect(late.trimmed).toBeGreaterThan(0);
  expect(await t.view()).toMatchObject({ state: "parked", reason: "behind", cursor: from });
  expect(await t.ledger.replayEvents(ID, from, from)).toBe("expired");
  await t.ledger.resumeEndpoint(ID, "cursor", NOW);
  expect(await t.view()).toMatchObject({ state: "enabled", gap: { from } });
  const next = await t.happen();
  const found = await t.ledger.eventsAfter(from, 9);
  expect(found.map(([cursor]) => cursor)).toEqual([next]);
});

test("one that has seen everything is never behind, however old its cursor", async () => {
  await using t = await setup(KEPT);
  let last = "";
  for (let count = 0; count < MANY; count += 1) last = await t.happen();
  await t.feed(last, { deliveries: [] });
  expect(await t.ledger.trimEvents(Date.now() + TOO_OLD)).toMatchObject({ parked: [] });
  expect(await t.view()).toMatchObject({ state: "enabled", cursor: last });
});

test("when Redis fills up, whoever holds more than what is kept anyway is parked", async () => {
  const roomy = { ...KEPT, webhook_behind_ms: DEFAULT_SETTINGS.webhook_behind_ms };
  await using t = await setup({ ...roomy, memory_webhook_percent: 101 });
  await t.happen();
  expect(await t.ledger.trimEvents(Date.now() + OLD)).toMatchObject({ parked: [] });
  await using full = await setup({ ...roomy, memory_webhook_percent: 0 });
  await full.happen();
  expect(await full.ledger.trimEvents(Date.now())).toMatchObject({ parked: [] });
  expect(await full.ledger.trimEvents(Date.now() + OLD)).toMatchObject({ parked: [ID] });
});

test("resumed at the latest event, what was skipped is the gap", async () => {
  await using t = await setup();
  const from = await t.cursor();
  await t.ledger.stopEndpoint(ID, "disabled", { reason: "requested", now: NOW });
  await t.happen();
  const before = await t.redis.xrevrange(t.keys.events(), "+", "-", "COUNT", 1);
  await t.ledger.resumeEndpoint(ID, "latest", NOW);
  const to = before[0]?.[0];
  expect(await t.view()).toMatchObject({ state: "enabled", cursor: to, gap: { from, to } });
});

/** The webhook of a device, which is deleted; `removed` is the cursor of the event that tells so. */
async function setupDeleted(dialect: "" | "wuts" = "") {
  const t = await setup();
  const own = deviceEndpointId(DEVICE, dialect);
  await t.ledger.createEndpoint(endpoint({ id: own, devices: [DEVICE] }));
  await t.ledger.deleteEndpoint(ID);
  // oxlint-disable-next-line no-await-in-loop -- step after step
  while ((await t.ledger.removeDevice(DEVICE, Date.now())) === "more");
  const [last] = await t.redis.xrevrange(t.keys.events(), "+", "-", "COUNT", 1);
  const removed = last?.[0] ?? "";
  const there = async () => (await t.ledger.findEndpoint(own)) !== undefined;
  return { ...t, own, removed, there };
}

test.each(["", "wuts"] as const)(
  "the endpoint of a deleted device hears the end, and then goes with everything of it: %s",
  async (dialect) => {
    await using t = await setupDeleted(dialect);
    const from = (await t.ledger.findEndpoint(t.own))?.cursor ?? "";
    await t.ledger.trimEvents(Date.now());
    expect(await t.there()).toBe(true);
    await t.feed(t.removed, { endpointId: t.own, from });
    await t.ledger.trimEvents(Date.now());
    expect(await t.there()).toBe(true);
    const job = { endpointId: t.own, delivery: t.removed };
    await t.ledger.beginDelivery(job, { now: NOW, ends: NOW + 10_000 });
    const end = {
      verdict: { kind: "delivered" },
      tries: 1,
      now: NOW,
      tookMs: 5,
      restMs: 1,
    } as const;
    await t.ledger.settleDelivery({ ...job, ...end });
    await t.ledger.trimEvents(Date.now());
    expect(await t.there()).toBe(false);
    expect((await t.redis.keys("*")).filter((key) => key.includes(t.own))).toEqual([]);
  },
);

test("the endpoint of a deleted device that is not enabled goes at once; others that named the device stay", async () => {
  await using t = await setupDeleted();
  await t.ledger.createEndpoint(endpoint({ devices: [DEVICE] }));
  await t.ledger.stopEndpoint(t.own, "disabled", { reason: "requested", now: NOW });
  await t.ledger.trimEvents(Date.now());
  expect(await t.there()).toBe(false);
  expect(await t.view()).toMatchObject({ state: "enabled" });
});
