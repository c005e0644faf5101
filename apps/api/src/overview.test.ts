import type { OverviewBody } from "@pombo/contract";
import { expect, onTestFinished, test } from "vitest";
import { ADMIN, openTestApi } from "./open-test-api.ts";

async function open() {
  const api = await openTestApi({ overview_refresh_ms: 0 });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const overview = async (query = ""): Promise<OverviewBody> => {
    const { status, body, text } = await api.call("GET", `/v1/overview${query}`);
    expect(status, text).toBe(200);
    return body as unknown as OverviewBody;
  };
  return { api, overview };
}

test("an empty installation is shown as one", async () => {
  const { overview } = await open();
  const body = await overview();
  expect(body).toMatchObject({
    window_s: 3_600,
    step_s: 60,
    totals: { accepted: 0, sent: 0, failed: 0 },
    accept_to_ack: { count: 0, p50_ms: null, p99_ms: null },
    depth: { total: 0, oldest_at: null },
    devices: { total: 0, unowned: 0 },
    attention: [],
    redis: { writable: true },
  });
  // Steps begin at whole minutes: an hour touches sixty or sixty-one.
  expect([60, 61]).toContain(body.buckets.length);
});

test("what happened is in the totals and in the last bucket; what waits is in the depth, with its reason", async () => {
  const { api, overview } = await open();
  const device = await api.addDevice();
  await api.ledger.reportWorker("test", true, 1);
  await api.addLetter({ deviceId: device, code: "MEDIA_UNACCEPTABLE" });
  await api.call("POST", `/v1/devices/${device}/lane/pause`);
  const send = (more: object) =>
    api.call("POST", "/v1/messages", {
      body: { from: device, to: "5511900000002", text: "x", ...more },
    });
  const first = await send({});
  await send({ priority: "bulk", to: "5511900000003" });
  const body = await overview("?window_s=600&step_s=600");
  expect(body.totals).toMatchObject({ accepted: 3, failed: 1, sent: 0 });
  const counted = body.buckets.reduce((sum, { accepted }) => sum + accepted, 0);
  expect(counted).toBe(3);
  expect(body.failures).toMatchObject([{ code: "MEDIA_UNACCEPTABLE", count: 1 }]);
  expect(body.depth).toMatchObject({
    total: 2,
    normal: { waiting: 1, oldest_at: first.body["created_at"] },
    bulk: { waiting: 1 },
  });
  const lane = await api.call("GET", `/v1/devices/${device}/lane`);
  expect(lane.body).toMatchObject({ depth: { total: body.depth.total } });
  expect(body.blocked).toMatchObject([{ reason: "device_offline", lanes: 1, waiting: 2 }]);
  expect(body.dead_letters).toBe(1);
  expect(body.attention.map(({ kind }) => kind)).toEqual([
    "dead_letters_rising",
    "offline_with_backlog",
  ]);
  expect(body.attention[1]).toMatchObject({ device_id: device, device_name: "test", size: 2 });
});

test("rows of a running batch wait too; those of a pool count once, whichever device will send them", async () => {
  const { api, overview } = await open();
  const devices = [await api.addDevice(), await api.addDevice()];
  const pool = await api.call("POST", "/v1/pools", { body: { name: "both", devices } });
  const rows = [1, 2, 3].map((at) => ({ to: `551190000000${at}`, text: "x" }));
  for (const from of [devices[0], pool.body["pool_id"]])
    // oxlint-disable-next-line no-await-in-loop
    await api.call("POST", "/v1/batches", { body: { from, rows } });
  const { depth, totals } = await overview();
  expect(totals.accepted).toBe(6);
  expect(depth).toMatchObject({ total: 6, bulk: { waiting: 6 } });
  expect(Date.now() - Date.parse(depth.oldest_at ?? "")).toBeLessThan(10_000);
  const metrics = await api.call("GET", "/metrics");
  expect(metrics.text).toContain('pombo_messages_waiting{class="bulk"} 6\n');
});

test("a webhook that is left alone, and devices that no worker runs, need somebody", async () => {
  const { api, overview } = await open();
  await api.addDevice();
  const created = await api.call("POST", "/v1/webhooks", {
    body: { url: "https://example.com/hook", events: ["*"] },
  });
  const id = String(created.body["webhook_id"]);
  await api.ledger.stopEndpoint(id as never, "parked", { reason: "behind", now: Date.now() });
  const { attention, devices } = await overview();
  expect(devices).toMatchObject({ total: 1, unowned: 1, by_state: { created: 1 } });
  expect(attention).toMatchObject([
    { kind: "no_worker", size: 1 },
    { kind: "webhook_failing", webhook_id: id },
  ]);
});

test("a worker that shows no life is missed before its leases end, and no longer once another one has the device", async () => {
  const { api, overview } = await open();
  const device = await api.addDevice();
  await api.ledger.reportWorker("worker-1#a", true, 1);
  await api.ledger.take(device, "worker-1#a");
  const well = await overview();
  expect(well.devices.unowned).toBe(0);
  expect(well.attention).toEqual([]);
  await api.redis.zadd("{pombo:c0}:workers", Date.now() - 4_500, "worker-1#a");
  const missed = await overview();
  expect(missed.devices.unowned).toBe(1);
  expect(missed.attention).toMatchObject([{ kind: "no_worker", size: 1 }]);
  expect(Date.now() - Date.parse(missed.attention[0]?.since ?? "")).toBeLessThan(10_000);
  await api.ledger.reportWorker("worker-1#b", true, 1);
  await api.ledger.take(device, "worker-1#b");
  const taken = await overview();
  expect(taken.attention).toEqual([]);
  expect(taken.leases_taken).toBe(2);
});

test("it is for keys that may see all devices; a window that is too long is refused", async () => {
  const { api } = await open();
  const key = api.addKey({ scopes: ["ops:read"], devices: [await api.addDevice()] });
  const refused = await api.call("GET", "/v1/overview", { key });
  expect(refused).toMatchObject({ status: 403, body: { error_code: "FORBIDDEN" } });
  const long = await api.call("GET", "/v1/overview?window_s=7201");
  expect(long).toMatchObject({ status: 400, body: { error_code: "VALIDATION_ERROR" } });
});

test("requests that come together are one look", async () => {
  let looks = 0;
  const api = await openTestApi({ overview_refresh_ms: 60_000 }, (ledger) => ({
    surveyLanes: (now) => {
      looks += 1;
      return ledger.surveyLanes(now);
    },
  }));
  onTestFinished(() => api[Symbol.asyncDispose]());
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => api.call("GET", "/v1/overview")),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(looks).toBe(1);
});

test("a stream tells the overview while it is taken, and that it can't be while Redis is away", async () => {
  const { api } = await open();
  const device = await api.addDevice();
  const { until } = await openTicks(api.url);
  const first = await until("overview");
  expect(first.data).toMatchObject({ devices: { total: 1 }, rates: { accepted_per_s: 0 } });
  expect(first.data.buckets?.length).toBeLessThanOrEqual(2);
  await api.store.kill9();
  expect((await until("outage")).data).toMatchObject({ error_code: "SERVICE_UNAVAILABLE" });
  await api.store.restart();
  expect((await until("overview")).data).toMatchObject({ attention: [] });
  for (const key of [
    api.addKey({ scopes: ["messages:read", "ops:read"], devices: [device] }),
    api.addKey({ scopes: ["messages:read"], devices: "*" }),
  ])
    // oxlint-disable-next-line no-await-in-loop
    expect((await api.call("GET", "/v1/events?overview=true", { key })).status).toBe(403);
});

test("a look that never ends is told as an outage within seconds", async () => {
  let silent = false;
  const api = await openTestApi({ overview_refresh_ms: 100 }, (ledger) => ({
    surveyLanes: (now) => (silent ? new Promise(() => undefined) : ledger.surveyLanes(now)),
  }));
  onTestFinished(() => api[Symbol.asyncDispose]());
  const { until } = await openTicks(api.url);
  await until("overview");
  silent = true;
  const from = performance.now();
  expect((await until("outage")).data).toMatchObject({ error_code: "SERVICE_UNAVAILABLE" });
  expect(performance.now() - from).toBeLessThan(4_500);
  silent = false;
  await until("overview");
});

/** The stream of overviews; `until` reads on to the next event of that type. */
async function openTicks(url: string) {
  const ended = new AbortController();
  onTestFinished(() => ended.abort());
  const { body, status } = await fetch(`${url}/v1/events?type=device.*&overview=true`, {
    headers: { accept: "text/event-stream", authorization: `Bearer ${ADMIN}` },
    signal: ended.signal,
  });
  expect(status).toBe(200);
  const frames = framesOf(body ?? new ReadableStream());
  return {
    until: async (type: string): Promise<{ data: Partial<OverviewBody> }> => {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- frame after frame
        const next = await frames.next();
        const value = next.done === true ? "" : next.value;
        if (value.startsWith(`event: ${type}\n`))
          return JSON.parse(value.split("data: ")[1] ?? "") as { data: Partial<OverviewBody> };
      }
    },
  };
}

async function* framesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
