import { expect, test } from "vitest";
import { cursors, emit, read, setup } from "./events-fixture.ts";

test("pages tell every event once, in order", async () => {
  const { api, device } = await setup();
  await emit(api, device, 25);
  const seen: string[] = [];
  let next = "0";
  for (let found = -1; found !== 0;) {
    // oxlint-disable-next-line no-await-in-loop
    const page = await read(api, `?after=${next}&limit=10`);
    found = page.events.length;
    seen.push(...page.events.map(({ data }) => data.cursor));
    ({ next } = page);
  }
  expect(seen).toEqual(await cursors(api));
  expect(seen).toHaveLength(25);
});

test("a key hears of its own devices only, and filters narrow that down", async () => {
  const { api, device } = await setup();
  const other = await api.addDevice();
  const { id } = await api.addLetter({ deviceId: device });
  await emit(api, other, 3);
  const key = api.addKey({ scopes: ["messages:read"], devices: [device] });
  const mine = await read(api, "", key);
  expect(mine.events.map(({ type }) => type)).toEqual(["message.queued", "message.failed"]);
  const failed = await read(api, `?type=message.failed&device_id=${device}&message_id=${id}`);
  expect(failed.events).toMatchObject([{ data: { message_id: id, error_code: "SEND_FAILED" } }]);
  expect((await read(api, "?type=lane.*")).events).toHaveLength(3);
  const foreign = await api.call("GET", `/v1/events?device_id=${other}`, { key });
  expect(foreign).toMatchObject({ status: 404, body: { error_code: "DEVICE_NOT_FOUND" } });
});

test("a long poll answers with the next event, or with none when the time is up", async () => {
  const { api, device } = await setup();
  const { next } = await read(api, "?after=now");
  const waiting = read(api, `?after=${next}&wait=20&type=lane.blocked`);
  const alsoWaiting = read(api, `?after=${next}&wait=1&type=lane.unblocked`);
  await emit(api, device);
  expect((await waiting).events).toHaveLength(1);
  expect(await alsoWaiting).toMatchObject({ events: [], next: (await waiting).next });
});

test.each(["after=x", "after=99999999999999-0", "type=message.snet", "wait=x", "message_id=1"])(
  "?%s is refused",
  async (query) => {
    const { api, device } = await setup();
    await emit(api, device);
    expect(await api.call("GET", `/v1/events?${query}`)).toMatchObject({
      status: 400,
      body: { error_code: "VALIDATION_ERROR" },
    });
  },
);
