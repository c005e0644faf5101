import { DEFAULT_SETTINGS } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { usedPercent } from "@pombo/redis";
import { openAdmission } from "./admission.ts";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ memory_check_ms: 0 });
});
afterAll(() => api[Symbol.asyncDispose]());

/** Makes what Redis uses so many percent of what it may use; 0: no limit. */
async function fill(percent: number): Promise<void> {
  const used = Number(/used_memory:([0-9]+)/.exec(await api.redis.info("memory"))?.[1]);
  const limit = percent === 0 ? 0 : Math.ceil((used / percent) * 100);
  await api.redis.config("SET", "maxmemory", String(limit));
}

test("no limit uses nothing of it", () => {
  expect(usedPercent("used_memory:1000\r\nmaxmemory:0\r\n")).toBe(0);
  expect(usedPercent("used_memory:700\r\nused_memory_human:1K\r\nmaxmemory:1000\r\n")).toBe(70);
});

test("the memory is looked at once in a while, and only while somebody asks", async () => {
  let looks = 0;
  let time = 0;
  const info = (): Promise<string> => {
    looks += 1;
    return looks === 3 ? Promise.reject(new Error("away")) : Promise.resolve("");
  };
  const admission = openAdmission({ info, settings: DEFAULT_SETTINGS, clock: () => time });
  await Promise.all([admission.refuse("intake"), admission.refuse("redrive")]);
  expect(looks).toBe(1);
  time = 999;
  await admission.refuse("intake");
  expect(looks).toBe(1);
  time = 1_000;
  await admission.refuse("intake");
  expect(looks).toBe(2);
  time = 2_000;
  await expect(admission.refuse("intake")).rejects.toThrow("away");
  expect(await admission.refuse("intake")).toBeUndefined();
});

test.each([
  { percent: 60, intake: 202, redrive: 202 },
  { percent: 80, intake: 503, redrive: 202 },
  { percent: 95, intake: 503, redrive: 503 },
  { percent: 0, intake: 202, redrive: 202 },
])("at $percent % of the memory: intake $intake, redrive $redrive", async (given) => {
  const from = await api.addDevice();
  const letter = await api.addLetter();
  const body = { from, to: "5511999999999", text: "hello" };
  const headers = { "idempotency-key": `at-${given.percent}` };
  await fill(given.percent);
  const send = await api.call("POST", "/v1/messages", { body, headers });
  const one = await api.call("POST", `/v1/dead-letters/${letter.id}/redrive`, { body: {} });
  const all = await api.call("POST", "/v1/dead-letters/redrive", { body: { all: true } });
  await fill(0);
  expect([send.status, one.status, all.status]).toEqual([
    given.intake,
    given.redrive,
    given.redrive,
  ]);
  for (const answer of [send, one, all].filter(({ status }) => status === 503)) {
    expect(answer.body).toMatchObject({ error_code: "SERVICE_UNAVAILABLE" });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect((await api.call("POST", "/v1/messages", { body, headers })).status).toBe(202);
});

test("a Redis that is full is SERVICE_UNAVAILABLE for everything that writes, and reads go on", async () => {
  const device = await api.addDevice();
  await api.redis.config("SET", "maxmemory", "1");
  const created = await api.call("POST", "/v1/devices", { body: { name: "x" } });
  const paused = await api.call("POST", `/v1/devices/${device}/lane/pause`);
  const read = await api.call("GET", `/v1/devices/${device}`);
  await fill(0);
  expect(created).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
  expect(paused).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
  expect(read.status).toBe(200);
});

test("a lane whose backlog would take too long refuses singles, and takes bulk", async () => {
  const from = await api.addDevice();
  const own = await api.ledger.take(from, "test");
  if (own === undefined) throw new Error("the lease is taken");
  await api.redis.hset(`{pombo:c0}:lane:${from}`, "gap_ms", 8 * 3_600_000);
  const send = (priority: string) =>
    api.call("POST", "/v1/messages", { body: { from, to: "5511999999999", text: "x", priority } });
  expect((await send("normal")).status).toBe(202);
  const full = await send("normal");
  expect(full).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
  expect(Number(full.headers.get("retry-after"))).toBeGreaterThan(3_600);
  expect((await send("bulk")).status).toBe(202);
});
