import type { DeviceChange } from "@pombo/ledger";
import { expect, onTestFinished, test } from "vitest";
import { listenToEvents } from "./listen-to-events.ts";
import { ADMIN, openTestApi } from "./open-test-api.ts";

/** A device that is to be paired, and somebody who looks at its codes. */
async function setup() {
  const api = await openTestApi({ stream_heartbeat_ms: 50 });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const id = await api.addDevice();
  const own = await api.ledger.take(id, "test");
  if (own === undefined) throw new Error("the lease is taken");
  await api.ledger.setWanted(id, "connected");
  const listen = (key = ADMIN) =>
    listenToEvents(`${api.url}/v1/devices/${id}/qr`, { authorization: `Bearer ${key}` });
  const show = (text: string) => api.ledger.showQr(id, { text, expiresAt: Date.now() + 20_000 });
  const change = (to: Omit<DeviceChange, "now">) =>
    api.ledger.changeDevice(own, { ...to, now: Date.now() });
  return { api, id, listen, show, change };
}

const PAIRED = { state: "connected", phone: "5511988887777" } as const;

test("each code is told once, then that the device is paired", async () => {
  const { id, listen, show, change } = await setup();
  const stream = await listen();
  for (const text of ["2@one", "2@two"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await show(text);
    // oxlint-disable-next-line no-await-in-loop
    await stream.until((events) => events.at(-1)?.data.includes(text) === true);
  }
  await change(PAIRED);
  await stream.ended;
  expect(stream.events.map(({ event }) => event)).toEqual(["qr", "qr", "paired"]);
  expect(JSON.parse(stream.events[1]?.data ?? "")).toEqual({
    qr: "2@two",
    expires_at: expect.any(String) as unknown,
    ttl: expect.any(Number) as unknown,
  });
  expect(JSON.parse(stream.events[2]?.data ?? "")).toEqual({ device_id: id });
});

test("a pairing that is given up ends the stream, as its key and its device do", async () => {
  const { api, id, listen, show } = await setup();
  const body = { name: "short", scopes: ["devices:manage"], devices: [id] };
  const made = (await api.call("POST", "/v1/api-keys", { body })).body;
  const revoked = await listen(String(made["key"]));
  await show("2@one");
  await revoked.until((events) => events.length > 0);
  await api.call("DELETE", `/v1/api-keys/${String(made["id"])}`);
  await revoked.ended;
  const ended = (code: string) => ({
    event: "ended",
    data: expect.stringContaining(code) as unknown,
  });
  expect(revoked.events.at(-1)).toMatchObject(ended("INVALID_API_KEY"));

  const given = await listen();
  await given.until((events) => events.length > 0);
  await api.ledger.setWanted(id, "disconnected");
  await given.ended;
  expect(given.events.at(-1)).toMatchObject(ended("DEVICE_NOT_READY"));

  await api.ledger.setWanted(id, "connected");
  const deleted = await listen();
  await deleted.until((events) => events.length > 0);
  expect((await api.call("DELETE", `/v1/devices/${id}`)).status).toBe(200);
  await deleted.ended;
  expect(deleted.events.at(-1)).toMatchObject(ended("DEVICE_NOT_FOUND"));
});

test("a process that closes says so", async () => {
  const { api, listen } = await setup();
  const stream = await listen();
  await api.close();
  await stream.ended;
  expect(stream.events).toMatchObject([{ event: "closing" }]);
});

test.each([
  ["DEVICE_NOT_READY", 503, "nobody connects it"],
  ["CONFLICT", 409, "it is paired"],
])("there is no stream but %s when it can't begin", async (code, status) => {
  const { api, id, change } = await setup();
  if (code === "CONFLICT") await change(PAIRED);
  else await api.ledger.setWanted(id, "disconnected");
  const headers = { accept: "text/event-stream" };
  const answer = await api.call("GET", `/v1/devices/${id}/qr`, { headers });
  expect(answer).toMatchObject({ status, body: { error_code: code } });
});
