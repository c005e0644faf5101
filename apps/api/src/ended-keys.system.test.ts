import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { SCOPES } from "@pombo/contract";
import { expect, test } from "vitest";
import { emit, listen, setup } from "./events-fixture.ts";
import type { TestApi } from "./open-test-api.ts";

/** A key that was made by the API, and its end. */
async function keyOf(api: TestApi) {
  const body = { name: "short", scopes: SCOPES, devices: "*" };
  const made = (await api.call("POST", "/v1/api-keys", { body })).body;
  const id = String(made["id"]);
  const revoke = () => api.call("DELETE", `/v1/api-keys/${id}`);
  return { key: String(made["key"]), revoke };
}

/** A request whose body comes little by little. */
function beginPost(api: TestApi, path: string, { key, type }: { key: string; type: string }) {
  const headers = { authorization: `Bearer ${key}`, "content-type": type };
  const sent = request(api.url + path, { method: "POST", headers });
  const answered = once(sent, "response").then(async ([response]: IncomingMessage[]) => ({
    status: response?.statusCode,
    body: response === undefined ? "" : await text(response),
  }));
  sent.on("error", () => undefined);
  return { sent, answered };
}

const REFUSED = { status: 401, body: expect.stringContaining("INVALID_API_KEY") as unknown };

test.each([
  ["/v1/messages", (from: string) => ({ from, to: "5511999999999", text: "hello" })],
  ["/send/text", (device: string) => ({ device_id: device, number: "5511999999999", text: "a" })],
])(
  "a wait for the outcome of %s ends with its key, and the message stays",
  async (path, bodyOf) => {
    const { api, device } = await setup();
    const own = await api.ledger.take(device, "test");
    if (own === undefined) throw new Error("the lease is taken");
    await api.ledger.changeDevice(own, { state: "connected", now: Date.now() });
    const { key, revoke } = await keyOf(api);
    const stream = await listen(api);
    const headers = { prefer: "wait=50" };
    const answered = api.call("POST", path, { key, headers, body: bodyOf(device) });
    await stream.until((events) => events.some(({ event }) => event === "message.queued"));
    await revoke();
    const { status, body } = await answered;
    expect([status, body["status"]]).toEqual([202, "queued"]);
    const id = String(body["message_id"]);
    expect((await api.call("GET", `/v1/messages/${id}`)).body).toMatchObject({ status: "queued" });
    stream.close();
  },
);

test("an upload ends with its key, and nothing of it is kept", async () => {
  const { api } = await setup();
  const { key, revoke } = await keyOf(api);
  const { sent, answered } = beginPost(api, "/v1/media", { key, type: "application/pdf" });
  sent.write("%PDF-1.4\n");
  // The answer tells that the requests before it have been taken up.
  await api.call("GET", "/v1/events", { key });
  await revoke();
  expect(await answered).toMatchObject(REFUSED);
  sent.destroy();
  for await (const object of api.media.list()) expect.fail(`${object.name} was kept`);
});

test("a body that outlives its key changes nothing", async () => {
  const { api, device } = await setup();
  const { key, revoke } = await keyOf(api);
  const type = "application/json";
  const { sent, answered } = beginPost(api, "/v1/messages", { key, type });
  const body = JSON.stringify({ from: device, to: "5511999999999", text: "late" });
  sent.write(body.slice(0, 10));
  await api.call("GET", "/v1/events", { key });
  await revoke();
  const slow = performance.now() + 700;
  while (performance.now() < slow)
    // oxlint-disable-next-line no-await-in-loop -- time has to pass
    await api.call("GET", "/health/live");
  sent.end(body.slice(10));
  expect(await answered).toMatchObject(REFUSED);
  expect((await api.call("GET", "/v1/messages")).body["messages"]).toEqual([]);
});

test("a stream whose client takes nothing ends with its key, too", async () => {
  const { api, device } = await setup({ stream_buffer_bytes: 100_000 });
  const { key, revoke } = await keyOf(api);
  const more = "x".repeat(1_000_000);
  for (let index = 0; index < 12; index += 1)
    // oxlint-disable-next-line no-await-in-loop
    await api.redis.xadd("{pombo:c0}:events", "*", "type", more, "device", device, "at", "1");
  await emit(api, device);
  const stream = await listen(api, "?after=0", {}, key);
  stream.pause();
  const over = (): boolean => api.lines.some(({ fields }) => fields["route"] === "/v1/events");
  await revoke();
  await expect.poll(over, { timeout: 10_000, interval: 20 }).toBe(true);
  stream.close();
});
