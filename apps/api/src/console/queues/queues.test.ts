import { appRoutes } from "@bull-board/api/dist/routes.js";
import type { AppQueue } from "@bull-board/api/dist/types.js";
import { SCOPES } from "@pombo/contract";
import { type DeviceId, type MessageId, mintMessageId } from "@pombo/domain";
import { openWebhookJobs } from "@pombo/queue";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestStore } from "../../digest-store.ts";
import { ADMIN, openTestApi, type TestApi } from "../../open-test-api.ts";
import { randomBytes } from "node:crypto";
import { pageHeaders, sessionCookie } from "../browser.test-bed.ts";

const BASE = "/console/queues";
let api: TestApi;
let device: DeviceId;
let letter: MessageId;
let waiting: MessageId;

beforeAll(async () => {
  api = await openTestApi({ overview_refresh_ms: 0, lease_ttl_ms: 600_000 });
  device = await api.addDevice();
  waiting = await accept(device);
  letter = (await api.addLetter()).id;
  await using jobs = openWebhookJobs({ redis: api.redis, tag: "{pombo:c0}" });
  await jobs.add([{ endpointId: "wh_0" as never, delivery: "1-0", delayMs: 60_000 }]);
});
afterAll(() => api[Symbol.asyncDispose]());

async function accept(deviceId: DeviceId): Promise<MessageId> {
  const id = mintMessageId(randomBytes(9));
  const content = { kind: "text", text: "a secret" } as const;
  const recipient = "5511999991234";
  const given = { content, recipient, priority: "bulk", keyId: "key_0", at: Date.now() } as const;
  await api.ledger.accept({ id, deviceId, ...given });
  return id;
}

async function ask(path: string, key = ADMIN, method = "GET") {
  const cookie = await sessionCookie(api, key);
  return api.call(method, BASE + path, {
    key: null,
    headers: { ...pageHeaders(api, method), cookie },
  });
}

async function queues(query: string, key = ADMIN): Promise<readonly AppQueue[]> {
  const { body, text } = await ask(`/api/queues?${query}`, key);
  expect(text).not.toMatch(/a secret|9991234|\b1234\b/);
  return body["queues"] as readonly AppQueue[];
}

test("webhooks, dead letters and lanes are shown as queues that nobody can change", async () => {
  const found = await queues("");
  const names = found.map(({ name }) => name);
  expect(names).toEqual([
    "webhooks",
    "dead-letters",
    `lane:${device}`,
    expect.stringMatching(/^lane:/),
  ]);
  const [webhooks, letters, lane] = found;
  expect(webhooks?.counts).toMatchObject({ delayed: 1, waiting: 0, active: 0 });
  expect(letters?.counts).toMatchObject({ failed: 1 });
  expect(lane?.counts).toMatchObject({ prioritized: 1, active: 0 });
  for (const queue of found)
    expect(queue).toMatchObject({ readOnlyMode: true, allowRetries: false });
});

test.each([
  ["lane of a device", () => `lane:${device}`, "prioritized", () => waiting],
  ["lane, by its device's name", () => "lane:test", "prioritized", undefined],
  ["dead letters", () => "dead-letters", "failed", () => letter],
  ["webhooks", () => "webhooks", "delayed", () => "wh_0_1-0"],
])("jobs are listed, found and lead to the console: %s", async (_, queue, status, id) => {
  const listed = await queues(`activeQueue=${encodeURIComponent(queue())}&status=${status}`);
  const found = listed.find(({ name }) => name === queue());
  expect(found).toBeDefined();
  if (id === undefined) return;
  expect(found?.jobs).toMatchObject([{ id: id() }]);
  const one = await ask(`/api/queues/${queue()}/${id()}`);
  expect(one).toMatchObject({ status: 200, body: { status, job: { id: id() } } });
  expect(one.text).toContain('"href":"/console/');
  expect((await ask(`/api/queues/${queue()}/nothing.0`)).status).toBe(404);
});

test.each(["50% off", "a/b", "100%25", "é ?&#"])(
  "a lane is asked for by whatever name its device has: %s",
  async (name) => {
    const id = `dev_${randomBytes(8).toString("hex")}` as DeviceId;
    await api.ledger.createDevice({ id, name, keyId: "key_0", at: Date.now() });
    const message = await accept(id);
    const asked = encodeURIComponent(`lane:${name}`);
    const listed = await queues(`activeQueue=${asked}&status=prioritized`);
    expect(listed.find((lane) => lane.name === `lane:${name}`)?.jobs).toMatchObject([
      { id: message },
    ]);
    expect((await ask(`/api/job-schedulers?queueName=${asked}`)).status).toBe(200);
  },
);

test("a dead letter tells when its last attempt began and how it ended", async () => {
  const { body } = await ask(`/api/queues/dead-letters/${letter}`);
  const { timestamp, processedOn, finishedOn, failedReason } = body["job"] as Record<
    string,
    number
  >;
  expect(failedReason).toMatch(/^SEND_FAILED: /);
  expect([timestamp, processedOn, finishedOn].map(Number)).toEqual(
    [timestamp, processedOn, finishedOn].map(Number).toSorted((one, other) => one - other),
  );
});

test("pages go on where the one before ended", async () => {
  const own = await api.addDevice();
  const ids: MessageId[] = [];
  // oxlint-disable-next-line no-await-in-loop -- their order matters
  for (let index = 0; index < 5; index += 1) ids.push(await accept(own));
  const seen: unknown[] = [];
  for (const page of [1, 2, 3]) {
    const query = `activeQueue=lane:${own}&status=prioritized&page=${page}&jobsPerPage=2`;
    // oxlint-disable-next-line no-await-in-loop
    const lane = (await queues(query)).find(({ name }) => name === `lane:${own}`);
    seen.push(...(lane?.jobs ?? []).map(({ id }) => id));
  }
  expect(seen).toEqual(ids);
});

test.each([
  ["webhooks", "delayed"],
  ["webhooks", "active"],
  ["dead-letters", "failed"],
  ["lane", "prioritized"],
  ["lane", "delayed"],
  ["lane", "waiting"],
])("whatever page is asked for, it is one of the queue, or empty: %s, %s", async (name, status) => {
  const queue = name === "lane" ? `lane:${device}` : name;
  for (const page of ["1e15", "9007199254740993", "1e18", "1e300"]) {
    const query = `activeQueue=${encodeURIComponent(queue)}&status=${status}&page=${page}`;
    // oxlint-disable-next-line no-await-in-loop
    const found = (await queues(query)).find((one) => one.name === queue);
    expect(found?.jobs, page).toEqual([]);
  }
  for (const page of ["0", "-1", "1.5", "x"])
    // oxlint-disable-next-line no-await-in-loop
    expect((await ask(`/api/queues?activeQueue=${queue}&page=${page}`)).status, page).toBe(400);
});

test("a lane whose keys somebody has spoiled says so, and hides no other queue", async () => {
  const spoiled = await api.addDevice();
  await accept(spoiled);
  const key = `{pombo:c0}:lanes:${spoiled}:wait`;
  await api.redis.set(key, "restored by hand");
  const name = `lane:${spoiled}`;
  const found = await queues(`activeQueue=${name}&status=waiting`);
  expect(found.find((one) => one.name === name)).toMatchObject({
    description: expect.stringMatching(/^It can't be read, .*: WRONGTYPE /) as string,
    jobs: [],
  });
  expect(found.find((one) => one.name === "dead-letters")?.counts.failed).toBe(1);
  await api.redis.del(key);
  const mended = await queues(`activeQueue=${name}`);
  expect(mended.find((one) => one.name === name)?.description).not.toContain("WRONGTYPE");
});

test("a key for one device sees the lane of that device, and nothing of the whole", async () => {
  const key = api.addKey({ scopes: ["ops:read"], devices: [device] });
  const found = await queues("activeQueue=dead-letters&status=failed", key);
  expect(found.map(({ name }) => name)).toEqual([`lane:${device}`]);
  expect((await ask("/api/redis/stats", key)).status).toBe(403);
  expect((await ask("/api/redis/stats")).status).toBe(200);
});

/** What bull-board has, each path with something real in it. */
const routes = [
  ...appRoutes.api.flatMap(({ method, route }) =>
    [method].flat().flatMap((one) => [route].flat().map((path) => [one, path] as const)),
  ),
  ...[appRoutes.entryPoint.route].flat().map((path) => ["get", path] as const),
].map(([method, path]) => ({ method: method.toUpperCase(), path }));

function filled(path: string, queue: string, job: string): string {
  return path
    .replace(":queueName", encodeURIComponent(queue))
    .replace(":jobId", job)
    .replace(":queueStatus", "failed")
    .replace(/:\w+/, "x");
}

test.each(routes)(
  "$method $path: without a session of ours no page, no data, no action",
  async (route) => {
    const { method, path } = route;
    const at = BASE + filled(path, "dead-letters", letter);
    const page = pageHeaders(api, method);
    const cookie = await sessionCookie(api, ADMIN);
    const weak = await sessionCookie(
      api,
      api.addKey({ scopes: SCOPES.filter((s) => s !== "ops:read") }),
    );
    const expired = await sessionCookie(api, ADMIN, Date.now() - 1);
    const isPage = method === "GET" && !path.startsWith("/api/");
    const none = isPage ? 303 : 401;
    const elsewhere: readonly Record<string, string>[] = [
      { ...page, cookie, origin: "https://evil.example" },
      { ...page, cookie, "sec-fetch-site": "cross-site" },
      { ...page, cookie, "sec-fetch-site": "same-site" },
      { cookie, origin: api.url },
    ];
    const cells: readonly (readonly [number, Record<string, string>])[] = [
      [none, page],
      [none, { ...page, cookie: expired }],
      [403, { ...page, cookie: weak }],
      ...(isPage ? [] : elsewhere.map((headers) => [401, headers] as const)),
    ];
    const before = await digestStore(api.redis);
    for (const [status, headers] of cells) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await fetch(api.url + at, { method, headers, redirect: "manual" });
      expect(answer.status, JSON.stringify(headers)).toBe(status);
      // oxlint-disable-next-line no-await-in-loop
      expect(await answer.text()).not.toMatch(/jobData|"queues"|<html/);
    }
    expect(await digestStore(api.redis)).toEqual(before);
  },
);

test.each(routes.filter(({ method }) => method !== "GET"))(
  "$method $path: nobody changes anything through the board",
  async ({ method, path }) => {
    const headers = { ...pageHeaders(api, method), cookie: await sessionCookie(api, ADMIN) };
    const before = await digestStore(api.redis);
    const jobs = [
      ["dead-letters", letter],
      [`lane:${device}`, waiting],
      ["webhooks", "wh_0_1-0"],
    ] as const;
    for (const [queue, job] of jobs) {
      const at = BASE + filled(path, queue, job);
      // oxlint-disable-next-line no-await-in-loop
      const answer = await api.call(method, at, { key: null, headers });
      expect(answer).toMatchObject({ status: 405, body: { error_code: "METHOD_NOT_ALLOWED" } });
    }
    expect(await digestStore(api.redis)).toEqual(before);
  },
);

test("no other method, name or way of writing an address changes anything either", async () => {
  const cookie = await sessionCookie(api, ADMIN);
  const before = await digestStore(api.redis);
  const paths = ["nothing", "__proto__", "lane%3Anone", "%2e%2e", "webhooks%00"].flatMap((queue) =>
    ["empty", "obliterate", "clean/failed", "retry/failed", `${letter}/retry`].map(
      (act) => `/api/queues/${queue}/${act}`,
    ),
  );
  for (const path of [...paths, "//api/queues/pause", "/%61pi/queues/pause", "/", "/static/x.js"])
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const headers = { ...pageHeaders(api, method), cookie };
      // oxlint-disable-next-line no-await-in-loop
      const answer = await fetch(api.url + BASE + path, { method, headers });
      expect(answer.status, `${method} ${path}`).toBe(405);
    }
  for (const override of ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]) {
    const headers = { ...pageHeaders(api, "GET"), cookie, [override]: "PUT" };
    // oxlint-disable-next-line no-await-in-loop
    const answer = await fetch(`${api.url}${BASE}/api/queues/webhooks/empty`, { headers });
    expect(answer.status, override).toBe(404);
  }
  expect(await digestStore(api.redis)).toEqual(before);
});

test("its page asks nobody else for anything", async () => {
  const page = await ask("/queue/webhooks");
  expect(page.status).toBe(200);
  expect(page.text).not.toMatch(/https?:\/\/|<style|style=/);
  const files = [...page.text.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file);
  expect(files.length).toBeGreaterThan(4);
  for (const file of files)
    // oxlint-disable-next-line no-await-in-loop
    expect((await ask(`/${file}`)).status, file).toBe(200);
});
