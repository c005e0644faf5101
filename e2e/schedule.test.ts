import { afterAll, beforeAll, expect, test } from "vitest";
import { pairDevice } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
/** A recipient that no other test writes to. */
const someone = () => `55119300${String((next += 1)).padStart(5, "0")}`;
const read = ({ status }: { status: string }) => status === "read";
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());

test("a scheduled message leaves at its time, not before", async () => {
  const to = someone();
  const at = Date.now() + 2_500;
  const id = await pombo.send(to, "later", { send_at: new Date(at).toISOString() });
  const waiting = await pombo.message(id);
  expect(waiting).toMatchObject({ status: "scheduled", blocked_by: "scheduled" });
  const message = await pombo.until(id, read);
  const timeline = message.timeline as readonly { status: string; at: string }[];
  const left = timeline.find(({ status }) => status === "sending")?.at ?? "";
  expect(Date.parse(left)).toBeGreaterThanOrEqual(at);
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, copies: 1 }]);
});

test("a scheduled message is canceled and never leaves; one that was sent is a conflict", async () => {
  const to = someone();
  const id = await pombo.send(to, "never", { send_at: inMs(1_500) });
  const canceled = await pombo.api("POST", `/v1/messages/${id}/cancel`);
  expect(canceled).toMatchObject({ status: 200, body: { status: "canceled" } });
  const after = await pombo.send(to, "after", { send_at: inMs(2_000) });
  await pombo.until(after, read);
  expect((await pombo.phoneMessages(to)).map(({ text }) => text)).toEqual(["after"]);
  expect((await pombo.api("POST", `/v1/messages/${after}/cancel`)).status).toBe(409);
});

test("what has not left when its time is over has expired", async () => {
  const lane = `/v1/devices/${pombo.ready.device_id}/lane`;
  await pombo.api("POST", `${lane}/pause`);
  const id = await pombo.send(someone(), "too late", { ttl_s: 1 });
  await pombo.until(id, ({ status }) => status === "expired");
  await pombo.api("POST", `${lane}/resume`);
});

test("a paused lane says so in each message, and goes on in order when it is resumed", async () => {
  const to = someone();
  const lane = `/v1/devices/${pombo.ready.device_id}/lane`;
  expect((await pombo.api("POST", `${lane}/pause`)).body).toMatchObject({ paused: true });
  const first = await pombo.send(to, "one");
  const second = await pombo.send(to, "two");
  await pombo.until(second, ({ blocked_by: why }) => why === "lane_paused");
  expect((await pombo.api("GET", lane)).body).toMatchObject({
    blocked_by: "lane_paused",
    depth: { total: 2 },
    owner: expect.any(String),
  });
  await pombo.api("POST", `${lane}/resume`);
  await pombo.until(first, read);
  await pombo.until(second, read);
  expect((await pombo.phoneMessages(to)).map(({ text }) => text)).toEqual(["one", "two"]);
});

test("a deleted device is unlinked, takes nothing any more, and what waited for it is canceled", async () => {
  const { id: from } = await pairDevice(pombo, "5511900000078");
  const device = `/v1/devices/${from}`;
  await pombo.until(await pombo.send(someone(), "before", { from }), read);
  await pombo.api("POST", `${device}/lane/pause`);
  const id = await pombo.send(someone(), "in vain", { from });
  const later = await pombo.send(someone(), "in vain", { from, send_at: inMs(60_000) });
  const began = Date.now();
  expect((await pombo.api("DELETE", device)).status).toBe(200);
  // The owner answered: nobody had to wait for a silent one.
  expect(Date.now() - began).toBeLessThan(10_000);
  for (const each of [id, later])
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await pombo.until(each, ({ status }) => status === "canceled");
  expect((await pombo.api("GET", device)).status).toBe(404);
  const refused = await pombo.api("POST", "/v1/messages", { from, to: someone(), text: "x" });
  expect(refused).toMatchObject({ status: 404, body: { error_code: "DEVICE_NOT_FOUND" } });
  // The other device goes on.
  await pombo.until(await pombo.send(someone(), "still here"), read);
});
