import { expect, test } from "vitest";
import { DEVICE, setup } from "./setup.test-bed.ts";

test("a lease that is left waits for the next start of the same worker, and for nobody else until its time is over", async () => {
  await using bed = await setup();
  const { ledger } = bed;
  await ledger.drop("worker-1", bed.own);
  const own = await ledger.take(DEVICE, "worker-1#first");
  if (own === undefined) throw new Error("no lease");
  await ledger.drop("worker-1#first", own, 60_000);
  expect(await ledger.take(DEVICE, "worker-2#first")).toBeUndefined();
  expect(await ledger.freeDevices(10)).toEqual([]);
  const back = await ledger.take(DEVICE, "worker-1#second");
  expect(back?.epoch).toBeGreaterThan(own.epoch);
  if (back === undefined) throw new Error("no lease");
  await ledger.drop("worker-1#second", back, 1);
  await expect.poll(() => ledger.take(DEVICE, "worker-2#first")).toBeDefined();
});

test("leases are renewed while Redis is full", async () => {
  await using t = await setup();
  const before = await t.redis.pttl(t.keys.lease(DEVICE));
  await t.redis.pexpire(t.keys.lease(DEVICE), before - 5_000);
  await t.redis.config("SET", "maxmemory", "1");
  await expect(t.redis.set("x", "1")).rejects.toThrow("OOM");
  expect(await t.ledger.renew("worker-1", [t.own])).toEqual([true]);
  expect(await t.redis.pttl(t.keys.lease(DEVICE))).toBeGreaterThan(before - 5_000);
});
