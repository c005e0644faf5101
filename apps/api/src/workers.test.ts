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
