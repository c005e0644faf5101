import { SCOPES } from "@pombo/contract";
import { expect, test, vi } from "vitest";
import { cursors, emit, listen, read, setup } from "./events-fixture.ts";

test("a cursor older than the log is 410, and a gap that a stream tells", async () => {
  const { api, device } = await setup();
  await emit(api, device, 3);
  const [first = ""] = await cursors(api);
  await api.redis.xtrim("{pombo:c0}:events", "MAXLEN", 1);
  const [oldest = ""] = await cursors(api);
  const expired = await api.call("GET", `/v1/events?after=${first}`);
  expect(expired).toMatchObject({ status: 410, body: { error_code: "CURSOR_EXPIRED" } });
  const stream = await listen(api, "", { "last-event-id": first });
  await stream.until((events) => events.length === 2);
  expect(stream.events[0]).toMatchObject({ event: "gap", data: JSON.stringify({ oldest }) });
  expect(stream.events[1]).toMatchObject({ event: "lane.blocked", id: oldest });
  stream.close();
});

test("a stream that is cut and resumed 20 times under load has no gap and no repeat", async () => {
  const { api, device } = await setup({ events_recent: 50 });
  const total = 1_000;
  const writing = emit(api, device, total);
  const seen: string[] = [];
  let last = "0";
  for (let round = 1; seen.length < total; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one connection after the other
    const stream = await listen(api, "", { "last-event-id": last });
    const wanted = round <= 20 ? Math.min(40, total - seen.length) : total - seen.length;
    // oxlint-disable-next-line no-await-in-loop
    await stream.until((events) => events.length >= wanted);
    stream.close();
    seen.push(...stream.events.map(({ id }) => id));
    last = stream.lastId();
  }
  await writing;
  expect(seen).toEqual(await cursors(api));
});

test("who resumes at a process that is behind hears nothing twice", async () => {
  const { api, device } = await setup({ event_look_ms: 600_000 });
  const waiting = await listen(api);
  // Written by a process whose live messages got lost: this one does not know of it yet.
  const write = (): Promise<string | null> =>
    api.redis.xadd("{pombo:c0}:events", "*", "type", "lane.blocked", "device", device, "at", "1");
  const ahead = await write();
  const resumed = await listen(api, "", { "last-event-id": String(ahead) });
  await write();
  await emit(api, device);
  await waiting.until((events) => events.length === 3);
  await resumed.until((events) => events.length === 2);
  expect(resumed.events).toEqual(waiting.events.slice(1));
  waiting.close();
  resumed.close();
});

test("a heartbeat moves the cursor of a stream on that wants nothing of what comes", async () => {
  const { api, device } = await setup({ stream_heartbeat_ms: 20 });
  const stream = await listen(api, "?type=message.sent");
  await emit(api, device);
  const [cursor] = await cursors(api);
  await vi.waitUntil(() => stream.lastId() === cursor, { timeout: 10_000 });
  expect(stream.events).toEqual([]);
  stream.close();
});

test("a client may ask to hear more often that its stream lives", async () => {
  const { api, device } = await setup({ stream_heartbeat_ms: 600_000 });
  const stream = await listen(api, "?type=message.sent&beat=1");
  await emit(api, device);
  const [cursor] = await cursors(api);
  await vi.waitUntil(() => stream.lastId() === cursor, { timeout: 10_000 });
  stream.close();
});

test("a slow client gets everything at its own pace, and costs no more than its buffer", async () => {
  const { api, device } = await setup({ stream_buffer_bytes: 4_096, events_recent: 100 });
  const stream = await listen(api, "?after=0");
  await emit(api, device);
  await stream.until((events) => events.length === 1);
  stream.pause();
  // Far more than the sockets hold.
  const fields = ["type", "lane.blocked", "device", device, "version", "0", "at", "1", "more"];
  const more = JSON.stringify({ filling: "x".repeat(1_000) });
  for (let round = 0; round < 20; round += 1) {
    const pipeline = api.redis.pipeline();
    for (let index = 0; index < 500; index += 1)
      pipeline.xadd("{pombo:c0}:events", "*", ...fields, more);
    // oxlint-disable-next-line no-await-in-loop
    await pipeline.exec();
  }
  await emit(api, device);
  stream.resume();
  await stream.until((events) => events.length === 10_002);
  expect(stream.events.map(({ id }) => id)).toEqual(await cursors(api));
  stream.close();
});

test("a client that takes nothing is cut", async () => {
  const { api, device } = await setup({ stream_buffer_bytes: 1_024, stream_stall_ms: 50 });
  const stream = await listen(api, "?after=now");
  stream.pause();
  const more = JSON.stringify({ filling: "x".repeat(1_000_000) });
  for (let index = 0; index < 20; index += 1)
    // oxlint-disable-next-line no-await-in-loop
    await api.redis.xadd("{pombo:c0}:events", "*", "device", device, "at", "1", "more", more);
  await emit(api, device);
  const cut = (): boolean => api.lines.some(({ fields }) => fields["route"] === "/v1/events");
  await vi.waitUntil(cut, { timeout: 10_000 });
  stream.close();
});

test.each(["told", "lost"])(
  "streams and waits end with their key: the message is %s",
  async (how) => {
    const { api, device } = await setup({ key_sweep_ms: how === "told" ? 600_000 : 50 });
    const body = { name: "short", scopes: ["messages:read"], devices: [device] };
    const made = (await api.call("POST", "/v1/api-keys", { body })).body;
    const [id, key] = [String(made["id"]), String(made["key"])];
    const stream = await listen(api, "", {}, key);
    const poll = api.call("GET", "/v1/events?after=now&wait=60", { key });
    // The answer tells that the requests before it have been taken up.
    await api.call("GET", "/v1/events", { key });
    if (how === "told") await api.call("DELETE", `/v1/api-keys/${id}`);
    else
      for (const name of await api.redis.keys("*:apikey:*"))
        await api.redis.hset(name, "revoked", 1);
    await stream.ended;
    expect(stream.events.at(-1)).toMatchObject({
      event: "ended",
      data: expect.stringContaining("INVALID_API_KEY") as unknown,
    });
    expect(await poll).toMatchObject({ status: 401, body: { error_code: "INVALID_API_KEY" } });
  },
);

test("a stream ends when its key expires", async () => {
  const { api } = await setup({ key_sweep_ms: 20 });
  const key = api.addKey({ scopes: SCOPES, expiresAt: Date.now() + 300 });
  const stream = await listen(api, "", {}, key);
  await stream.ended;
  expect(stream.events.at(-1)?.event).toBe("ended");
});

test("a process that closes says so, and the client resumes elsewhere", async () => {
  const { api, device } = await setup();
  const stream = await listen(api);
  const poll = read(api, "?after=now&wait=60");
  await emit(api, device);
  await stream.until((events) => events.length === 1);
  await api.close();
  await stream.ended;
  expect(stream.events.at(-1)?.event).toBe("closing");
  expect(stream.lastId()).toBe((await cursors(api)).at(-1));
  expect((await poll).events.length).toBeLessThanOrEqual(1);
});

test("hundreds of clients share one reader, and no connection to Redis is theirs", async () => {
  const { api, device } = await setup();
  const connections = async (): Promise<number> =>
    Number(/connected_clients:(\d+)/.exec(await api.redis.info("clients"))?.[1]);
  const reads = async (): Promise<number> =>
    Number(/cmdstat_xrange:calls=(\d+)/.exec(await api.redis.info("commandstats"))?.[1] ?? 0);
  const before = await connections();
  const streams = await Promise.all(Array.from({ length: 300 }, () => listen(api, "?after=0")));
  const polls = Array.from({ length: 300 }, () => read(api, "?after=now&wait=60"));
  await read(api, "");
  const readsBefore = await reads();
  await emit(api, device, 50);
  await Promise.all(streams.map((stream) => stream.until((events) => events.length >= 50)));
  expect((await Promise.all(polls)).every(({ events }) => events.length > 0)).toBe(true);
  const all = await cursors(api);
  for (const stream of streams) {
    expect(stream.events.map(({ id }) => id)).toEqual(all);
    stream.close();
  }
  expect(await connections()).toBe(before);
  expect((await reads()) - readsBefore).toBeLessThan(120);
});
