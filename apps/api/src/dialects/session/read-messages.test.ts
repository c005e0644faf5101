import type { DeviceId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "../../open-test-api.ts";

let api: TestApi;
let device: DeviceId;
let key: string;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
  key = api.addKey({ scopes: ["messages:read"], devices: [device], deviceId: device });
});
afterAll(() => api[Symbol.asyncDispose]());

const get = (path: string) => api.call("GET", `/api/v1/messages${path}`, { key });

async function send(to: string, text: string): Promise<string> {
  const sent = await api.call("POST", "/v1/messages", { body: { from: device, to, text } });
  return String(sent.body["message_id"]);
}

async function receive(id: string, from: string, text: string): Promise<void> {
  const message = { id, chat: from, from, at: Date.now(), kind: "text", text } as const;
  await api.ledger.receive(device, message, Date.now());
}

test("what was sent is read by the id that the send returned, what came in by its own", async () => {
  const id = await send("5511900000001", "hello");
  expect((await get(`/${id}`)).body).toMatchObject({
    data: {
      id,
      whatsapp_message_id: id,
      direction: "outbound",
      recipient: "5511900000001",
      message_type: "text",
      content: "hello",
      status: "queued",
    },
  });
  await receive("ABCDEF0123", "5511900000001", "and you?");
  expect((await get("/ABCDEF0123")).body).toMatchObject({
    data: { direction: "inbound", sender: "5511900000001", content: "and you?" },
  });
  expect((await get("/3EB0000000000000000000")).body).toMatchObject({
    error: { code: "NOT_FOUND", status: 404 },
  });
  const elsewhere = await api.addDevice();
  const body = { from: elsewhere, to: "5511900000001", text: "not yours" };
  const foreign = await api.call("POST", "/v1/messages", { body });
  expect((await get(`/${String(foreign.body["message_id"])}`)).status).toBe(404);
});

test("pages show both ways newest first, and filters hold on every page", async () => {
  const to = "5511900000002";
  for (let number = 0; number < 20; number += 1)
    // oxlint-disable-next-line no-await-in-loop -- their order is looked at
    await send(to, `message ${number}`);
  const first = (await get(`?chat_id=${to}`)).body as unknown as Page;
  expect(first.data.map(({ content }) => content)).toEqual(
    Array.from({ length: 15 }, (_, index) => `message ${19 - index}`),
  );
  expect(first.meta).toMatchObject({ current_page: 1, from: 1, to: 15, per_page: 15 });
  expect(first.links).toMatchObject({ prev: null, last: null });
  const second = (await api.call("GET", first.links.next ?? "", { key })).body as unknown as Page;
  expect(second.data.map(({ content }) => content).at(-1)).toBe("message 0");
  expect(second.links.next).toBeNull();

  const received = (await get("/received")).body as unknown as Page;
  expect(received.data.map(({ direction }) => direction)).toEqual(["inbound"]);
  const mine = (await get("?from_me=true&type=image")).body as unknown as Page;
  expect(mine.data).toEqual([]);
  expect(mine.meta).toMatchObject({ from: null, to: null });
  expect((await get("?page=0")).body).toEqual({
    message: "The page field must be a whole number between 1 and 100.",
    errors: { page: ["The page field must be a whole number between 1 and 100."] },
  });
});

interface Page {
  readonly data: readonly { readonly content: string; readonly direction: string }[];
  readonly links: { readonly next: string | null };
  readonly meta: object;
}
