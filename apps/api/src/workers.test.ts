import { expect, onTestFinished, test } from "vitest";
import { openTestApi } from "./open-test-api.ts";

test("living workers show what they run; one that left or fell silent is gone", async () => {
  const api = await openTestApi({ worker_ttl_ms: 60_000 });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const device = await api.addDevice();
  await api.addDevice();
  await api.ledger.reportWorker("worker-1#a", true, 1);
  await api.ledger.reportWorker("worker-2#b", true, 0);
  await api.ledger.reportWorker("worker-3#c", true, 7);
  await api.ledger.take(device, "worker-1#a");
  await api.ledger.reportWorker("worker-2#b", false, 0);
  await api.redis.zadd("{pombo:c0}:workers", Date.now() - 120_000, "worker-3#c");
  const { body } = await api.call("GET", "/v1/workers");
  expect(body).toMatchObject({ workers: [{ id: "worker-1#a", lanes: 1 }], devices: 2, unowned: 1 });
  const [worker] = body["workers"] as { heartbeat_age_ms: number }[];
  expect(worker?.heartbeat_age_ms).toBeLessThan(10_000);
  await api.ledger.reportWorker("worker-1#a", true, 1);
  expect(await api.redis.hkeys("{pombo:c0}:lanes")).toEqual(["worker-1#a"]);
});

test("who is gone is shown with who took its devices over; what a living worker gives away is no loss", async () => {
  const api = await openTestApi({ worker_ttl_ms: 6_000, sweep_ms: 1_000 });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const { ledger, redis } = api;
  const devices = [await api.addDevice(), await api.addDevice(), await api.addDevice()];
  const [moved, ...lost] = devices;
  for (const worker of ["worker-1#a", "worker-2#b"]) await ledger.reportWorker(worker, true, 3);
  const owned = await Promise.all(devices.map((id) => ledger.take(id, "worker-2#b")));
  if (owned[0] === undefined || moved === undefined) throw new Error("the lease is taken");
  await ledger.drop("worker-2#b", owned[0]);
  await ledger.take(moved, "worker-1#a");
  await redis.zadd("{pombo:c0}:workers", Date.now() - 3_500, "worker-2#b");
  const silent = await api.call("GET", "/v1/workers");
  expect(silent.body).toMatchObject({
    workers: [
      { id: "worker-1#a", state: "alive" },
      { id: "worker-2#b", state: "silent" },
    ],
    gone_workers: [],
  });
  await redis.zadd("{pombo:c0}:workers", Date.now() - 7_000, "worker-2#b");
  for (const id of lost) await redis.del(`{pombo:c0}:lease:${id}`);
  const gone = { id: "worker-2#b", stopped: false, lanes: 3, taken_over: 0, takers: [] };
  expect((await api.call("GET", "/v1/workers")).body).toMatchObject({ gone_workers: [gone] });
  await ledger.reportWorker("worker-1#a", true, 3);
  for (const id of lost) await ledger.take(id, "worker-1#a");
  const overview = await api.call("GET", "/v1/overview");
  for (const { body } of [overview, await api.call("GET", "/v1/workers")])
    expect(body).toMatchObject({
      workers: [{ id: "worker-1#a", state: "alive" }],
      gone_workers: [
        {
          ...gone,
          taken_over: 2,
          takers: [{ id: "worker-1#a", devices: 2 }],
          last_taken_at: expect.any(String),
        },
      ],
    });
  await ledger.reportWorker("worker-1#a", false, 0);
  expect((await api.call("GET", "/v1/workers")).body["gone_workers"]).toMatchObject([
    { id: "worker-1#a", stopped: true },
    { id: "worker-2#b" },
  ]);
});

test("the metrics name the fleet, the requests by route and nothing that only some may see", async () => {
  const api = await openTestApi();
  onTestFinished(() => api[Symbol.asyncDispose]());
  const device = await api.addDevice();
  await api.call("GET", `/v1/devices/${device}`);
  const body = { from: device, to: "5511999999999", text: "x", priority: "high" };
  await api.call("POST", "/v1/messages", { body });
  const { status, text, headers } = await api.call("GET", "/metrics");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toContain("text/plain");
  expect(text).toContain("pombo_devices 1\n");
  expect(text).toContain('pombo_devices_in_state{state="created"} 1\n');
  expect(text).toContain('pombo_messages_waiting{class="high"} 1\n');
  expect(text).toMatch(/pombo_oldest_waiting_seconds\{class="high"\} (?:[0-9.]+)\n/);
  expect(text).toContain('pombo_lanes_stopped{reason="device_offline"} 1\n');
  expect(text).toContain('pombo_attention{kind="hold"} 0\n');
  expect(text).toContain('route="/v1/devices/:id",method="GET",status="200"');
  expect(text).not.toContain(device);
  const limited = api.addKey({ scopes: ["ops:read"], devices: [device] });
  expect((await api.call("GET", "/metrics", { key: limited })).status).toBe(403);
});
