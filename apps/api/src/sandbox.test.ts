import { openSimulator, type Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";
import { openSandbox } from "./sandbox/open-sandbox.ts";

let simulator: Simulator;
let api: TestApi;

const ANA = "5511900000002";
const BEA = "5511900000003";

beforeAll(async () => {
  simulator = await openSimulator({ limits: { codeGraceMs: 1 } });
  api = await openTestApi({}, undefined, { sandbox: openSandbox(simulator.controlUrl) });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

const write = (from: string, body: object) =>
  api.call("POST", `/v1/sandbox/phones/${from}/messages`, { body });

test("a phone is added, writes, is answered, and both see their chat page by page", async () => {
  const added = await api.call("POST", "/v1/sandbox/phones", { body: { phone: `+${ANA}` } });
  expect(added).toMatchObject({ status: 201, body: { phone: ANA, messages: 0 } });
  const again = await api.call("POST", "/v1/sandbox/phones", { body: { phone: ANA } });
  expect(again).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });

  const first = await write(ANA, { to: BEA, text: "hello" });
  const quoted = first.body["message_id"];
  await write(BEA, { to: ANA, text: "hi", quoted });
  await write(BEA, { to: ANA, reaction: { message_id: quoted, emoji: "👍" } });

  const chats = await api.call("GET", `/v1/sandbox/phones/${ANA}/chats`);
  expect(chats.body).toMatchObject({ chats: [{ chat: BEA, messages: 3 }], next_cursor: null });
  const path = `/v1/sandbox/phones/${ANA}/messages?chat=${BEA}&limit=2`;
  const { body } = await api.call("GET", path);
  expect(body).toMatchObject({ messages: [{ type: "reaction" }, { text: "hi", quoted }] });
  const rest = await api.call("GET", `${path}&cursor=${String(body["next_cursor"])}`);
  const oldest = { message_id: quoted, text: "hello", arrivals: 1, reactions: { [BEA]: "👍" } };
  expect(rest.body).toMatchObject({ messages: [oldest], next_cursor: null });

  const phones = await api.call("GET", "/v1/sandbox/phones?limit=1");
  const [last] = phones.body["phones"] as readonly { phone: string }[];
  const next = await api.call(
    "GET",
    `/v1/sandbox/phones?cursor=${String(phones.body["next_cursor"])}`,
  );
  expect(next.text).not.toContain(`"phone":"${last?.phone}"`);
  expect([ANA, BEA]).toContain(last?.phone);
});

test("a chat is read by hand once", async () => {
  await write(ANA, { to: BEA, text: "read me" });
  const read = () => api.call("POST", `/v1/sandbox/phones/${BEA}/read`, { body: { chat: ANA } });
  expect((await read()).body["read"]).not.toEqual([]);
  expect((await read()).body["read"]).toEqual([]);
});

test("a phone says what it does by itself", async () => {
  const until = "2099-01-01T00:00:00.000Z";
  const body = { read_receipts: false, restricted_until: until };
  const path = `/v1/sandbox/phones/${BEA}`;
  const changed = await api.call("PATCH", path, { body });
  expect(changed.body).toMatchObject({ ...body, delivery_receipts: true });
  const lifted = await api.call("PATCH", path, { body: { restricted_until: null } });
  expect(lifted.body).toMatchObject({ read_receipts: false, restricted_until: null });
});

test("troubles are switched on and off by name", async () => {
  const add = (body: object) => api.call("POST", "/v1/sandbox/faults", { body });
  const hold = await add({ fault: "new_chats_refused", to: ANA, times: null });
  expect(hold.body).toMatchObject({ fault: "new_chats_refused", to: ANA, times: null });
  await add({ fault: "refused", times: 3 });
  await add({ fault: "late_ack", seconds: 4 });
  simulator.addFault({ on: "receipt", action: "duplicate" });
  const { body } = await api.call("GET", "/v1/sandbox/faults");
  expect(body["faults"]).toMatchObject([
    { fault: "new_chats_refused", remaining: null },
    { fault: "refused", remaining: 3, says: "WhatsApp refuses a message with a code, 406" },
    { fault: "late_ack", remaining: 1, says: "WhatsApp acknowledges a message late, 4 s" },
    { fault: "other", says: 'On receipt: "duplicate"' },
  ]);
  const one = `/v1/sandbox/faults/${String(hold.body["fault_id"])}`;
  expect((await api.call("DELETE", one)).status).toBe(200);
  expect((await api.call("DELETE", one)).status).toBe(404);
  const off = await api.call("DELETE", "/v1/sandbox/faults");
  expect(off.body).toMatchObject({ switched_off: 3 });
  expect(simulator.faults()).toEqual([]);
});

test("every trouble by name is one that the simulator knows, and is known again", async () => {
  const { body } = await api.call("GET", "/v1/sandbox/faults");
  for (const { fault } of body["kinds"] as readonly { fault: string }[]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const added = await api.call("POST", "/v1/sandbox/faults", { body: { fault } });
    expect(added, added.text).toMatchObject({ status: 201, body: { fault } });
  }
  await api.call("DELETE", "/v1/sandbox/faults");
});

test("the log tells one message's story, and goes on where it was left", async () => {
  const { body: start } = await api.call("GET", "/v1/sandbox/log?limit=1");
  const written = await write(ANA, { to: BEA, text: "story" });
  const id = String(written.body["message_id"]);
  const { body } = await api.call("GET", `/v1/sandbox/log?message_id=${id}`);
  expect(body["entries"]).toMatchObject([{ kind: "shown", phone: BEA, from: ANA }]);
  const later = await api.call("GET", `/v1/sandbox/log?after=${String(start["last"])}`);
  expect(later.body).toMatchObject({ entries: [{ message_id: id }], dropped: 0 });
  const end = await api.call("GET", `/v1/sandbox/log?after=${String(later.body["last"])}`);
  expect(end.body["entries"]).toEqual([]);
});

test.each([
  ["/v1/sandbox/phones/abc/messages", { to: ANA, text: "x" }, 400],
  [`/v1/sandbox/phones/${ANA}/messages`, { to: ANA }, 400],
  [`/v1/sandbox/phones/${ANA}/scan`, { qr: "no code" }, 400],
  [`/v1/sandbox/phones/${ANA}/code`, { code: "ABCD1234" }, 409],
  [`/v1/sandbox/phones/${ANA}/messages`, { to: BEA, text: "x", quoted: "none" }, 404],
  ["/v1/sandbox/faults", { fault: "disconnect", to: ANA }, 400],
  ["/v1/sandbox/faults", { fault: "explode" }, 400],
])("POST %s %j is refused with %i and a reason", async (path, body, status) => {
  const answer = await api.call("POST", path, { body });
  expect(answer).toMatchObject({ status, body: { error: expect.any(String) as string } });
});

test("without a simulator there is no sandbox; one that is away is no crash", async () => {
  await using live = await openTestApi();
  const none = await live.call("GET", "/v1/sandbox/phones");
  const detail = "This installation talks to WhatsApp itself: it has no sandbox";
  expect(none).toMatchObject({ status: 404, body: { error: detail } });
  await using gone = await openTestApi({}, undefined, {
    sandbox: openSandbox("http://127.0.0.1:1"),
  });
  const away = await gone.call("GET", "/v1/sandbox/phones");
  expect(away).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
});
