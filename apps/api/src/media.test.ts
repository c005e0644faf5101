import { createHash } from "node:crypto";
import { request } from "node:http";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { isMedia, type MessageId } from "@pombo/domain";
import type { ApiKeyRecord } from "@pombo/ledger";
import { openTestApi, type TestApi } from "./open-test-api.ts";

/** The smallest picture: one pixel. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const PDF = Buffer.from("%PDF-1.4\n%%EOF\n");

function upload(
  api: TestApi,
  bytes: Buffer,
  headers: Record<string, string> = {},
  path = "/v1/media",
) {
  return api.call("POST", path, {
    body: bytes,
    headers: { "content-type": "image/png", ...headers },
  });
}

async function contentOf(api: TestApi, id: unknown) {
  const content = (await api.ledger.findMessage(id as MessageId))?.content;
  if (content === undefined || !isMedia(content)) throw new Error("no media");
  return content;
}

async function keptBytes(api: TestApi, id: Parameters<TestApi["ledger"]["findMedia"]>[0]) {
  const record = await api.ledger.findMedia(id);
  const stream = record && (await api.media.read(record.object));
  return stream && (await buffer(stream));
}

async function objects(api: TestApi): Promise<number> {
  let count = 0;
  for await (const _ of api.media.list()) count += 1;
  return count;
}

test("media is uploaded once, described, sent by its id, and deleted", async () => {
  await using api = await openTestApi();
  const created = await upload(api, PIXEL, {}, "/v1/media?file_name=dot.png");
  expect(created).toMatchObject({
    status: 201,
    body: {
      success: true,
      mime_type: "image/png",
      bytes: PIXEL.length,
      sha256: createHash("sha256").update(PIXEL).digest("hex"),
      file_name: "dot.png",
      width: 1,
      height: 1,
      seconds: null,
    },
  });
  const id = String(created.body["media_id"]);
  expect((await api.call("GET", `/v1/media/${id}`)).body).toEqual(created.body);
  const from = await api.addDevice();
  const image = { media_id: id, caption: "a dot" };
  const send = () =>
    api.call("POST", "/v1/messages", { body: { from, to: "5511900000002", image } });
  const sent = await send();
  expect(sent.status).toBe(202);
  const content = await contentOf(api, sent.body["message_id"]);
  expect(content).toEqual({ kind: "image", media: { id }, caption: "a dot" });
  expect((await keptBytes(api, content.media.id))?.equals(PIXEL)).toBe(true);
  expect((await send()).status).toBe(202);
  expect((await api.call("DELETE", `/v1/media/${id}`)).body).toEqual({
    success: true,
    media_id: id,
  });
  expect((await api.call("DELETE", `/v1/media/${id}`)).status).toBe(404);
  expect(await objects(api)).toBe(0);
  expect(await send()).toMatchObject({
    status: 422,
    body: {
      error_code: "MEDIA_UNACCEPTABLE",
      error: "The image can't be used: there is no such media_id",
    },
  });
});

test("a form with one file is taken too", async () => {
  await using api = await openTestApi();
  const form = new FormData();
  form.set(
    "file",
    new Blob([new Uint8Array(PDF)], { type: "application/pdf" }),
    "Übersicht 📄.pdf",
  );
  const whole = new Response(form);
  const bytes = Buffer.from(await whole.arrayBuffer());
  const type = whole.headers.get("content-type") ?? "";
  expect(await upload(api, bytes, { "content-type": type })).toMatchObject({
    status: 201,
    body: { mime_type: "application/pdf", bytes: PDF.length, file_name: "Übersicht 📄.pdf" },
  });
  const half = await upload(api, bytes.subarray(0, bytes.length - 20), { "content-type": type });
  expect(half).toMatchObject({ status: 400, body: { error_code: "INVALID_REQUEST_FORMAT" } });
  const none = new Response(new FormData());
  const empty = Buffer.from(await none.arrayBuffer());
  const noFile = await upload(api, empty, {
    "content-type": none.headers.get("content-type") ?? "",
  });
  expect(noFile).toMatchObject({ status: 400, body: { error: "The form must have one file" } });
});

test.each([
  ["nothing", Buffer.alloc(0), {}, 422, "MEDIA_UNACCEPTABLE"],
  ["a lie", PDF, {}, 422, "MEDIA_UNACCEPTABLE"],
  ["an encoding", PIXEL, { "content-encoding": "gzip" }, 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["too much", Buffer.alloc(5_001), { "content-type": "text/plain" }, 413, "PAYLOAD_TOO_LARGE"],
] as const)(
  "an upload of %s is refused, and leaves nothing",
  async (_, bytes, headers, status, code) => {
    const small = { image_limit_bytes: 5_000, video_limit_bytes: 5_000, audio_limit_bytes: 5_000 };
    const settings = { ...small, document_limit_bytes: 5_000, sticker_limit_bytes: 5_000 };
    await using api = await openTestApi(settings);
    expect(await upload(api, bytes, headers)).toMatchObject({ status, body: { error_code: code } });
    expect(await objects(api)).toBe(0);
  },
);

test("an upload without a length that grows too large is answered while the client still writes", async () => {
  const settings = {
    document_limit_bytes: 100_000,
    video_limit_bytes: 1,
    image_limit_bytes: 1,
    audio_limit_bytes: 1,
    sticker_limit_bytes: 1,
  };
  await using api = await openTestApi(settings);
  const sent = request(`${api.url}/v1/media`, {
    method: "POST",
    headers: { authorization: "Bearer pombo_c0_admin-key-for-tests", "content-type": "text/plain" },
  });
  const answered = once(sent, "response");
  for (let part = 0; part < 50; part += 1) sent.write(Buffer.alloc(10_000, "x"));
  sent.end();
  const [response] = (await answered) as [{ statusCode: number }];
  expect(response.statusCode).toBe(413);
});

test("an Idempotency-Key makes one upload of two, and refuses other bytes", async () => {
  await using api = await openTestApi();
  const key = { "idempotency-key": "u1" };
  const first = await upload(api, PIXEL, key);
  const again = await upload(api, PIXEL, key);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(await objects(api)).toBe(1);
  const other = await upload(api, PDF, { ...key, "content-type": "application/pdf" });
  expect(other).toMatchObject({ status: 409, body: { error_code: "IDEMPOTENCY_KEY_REUSED" } });
  expect(await objects(api)).toBe(1);
});

test("media is seen by its key and by those that see all of its devices, by nobody else", async () => {
  await using api = await openTestApi();
  const [one, two] = [await api.addDevice(), await api.addDevice()];
  const scopes: ApiKeyRecord["scopes"] = ["messages:send", "messages:read"];
  const owner = api.addKey({ scopes, devices: [one] });
  const wider = api.addKey({ scopes, devices: [one, two] });
  const other = api.addKey({ scopes, devices: [two] });
  const { body } = await api.call("POST", "/v1/media", {
    key: owner,
    body: PIXEL,
    headers: { "content-type": "image/png" },
  });
  const path = `/v1/media/${String(body["media_id"])}`;
  for (const [key, status] of [
    [owner, 200],
    [wider, 200],
    [other, 404],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await api.call("GET", path, { key })).status).toBe(status);
  }
  expect((await api.call("DELETE", path, { key: other })).status).toBe(404);
  const message = { from: two, to: "5511900000002", image: { media_id: body["media_id"] } };
  expect(await api.call("POST", "/v1/messages", { key: other, body: message })).toMatchObject({
    status: 422,
    body: { error: "The image can't be used: there is no such media_id" },
  });
});

test("bytes in a send body go to the store, never to Redis", async () => {
  await using api = await openTestApi();
  const from = await api.addDevice();
  const base64 = Buffer.concat([PDF, Buffer.from("needle in a haystack")]).toString("base64");
  const document = { base64, file_name: "a.pdf", mime_type: "application/pdf" };
  const body = { from, to: "5511900000002", document };
  const headers = { "idempotency-key": "k1" };
  const sent = await api.call("POST", "/v1/messages", { body, headers });
  expect(sent.status).toBe(202);
  const content = await contentOf(api, sent.body["message_id"]);
  expect(content).toMatchObject({ kind: "document", fileName: "a.pdf" });
  expect((await keptBytes(api, content.media.id))?.toString("base64")).toBe(base64);
  const again = await api.call("POST", "/v1/messages", { body, headers });
  expect(again.body).toEqual(sent.body);
  expect(await objects(api)).toBe(1);
  const values = await Promise.all((await api.redis.keys("*")).map((key) => api.redis.dump(key)));
  expect(values.some((value) => value.includes(base64.slice(0, 20)))).toBe(false);
});

test.each([
  [
    "image",
    { base64: PDF.toString("base64") },
    422,
    "MEDIA_UNACCEPTABLE",
    "The image can't be used: the bytes are application/pdf, which is no image",
  ],
  [
    "sticker",
    { base64: PIXEL.toString("base64") },
    422,
    "MEDIA_UNACCEPTABLE",
    "The sticker can't be used: the bytes are image/png, which is no sticker",
  ],
  [
    "document",
    { base64: PDF.toString("base64"), mime_type: "image/png" },
    422,
    "MEDIA_UNACCEPTABLE",
    "The document can't be used: the bytes are application/pdf, but are declared as image/png",
  ],
  [
    "image",
    { media_id: "med_0123456789abcdef" },
    422,
    "MEDIA_UNACCEPTABLE",
    "The image can't be used: there is no such media_id",
  ],
  ["image", { base64: "@@@@" }, 400, "VALIDATION_ERROR", "Validation failed"],
  [
    "image",
    { base64: "AAAA", url: "http://example.com/a.png" },
    400,
    "VALIDATION_ERROR",
    "Validation failed",
  ],
] as const)("%s %j is refused", async (kind, file, status, code, error) => {
  await using api = await openTestApi();
  const from = await api.addDevice();
  const answer = await api.call("POST", "/v1/messages", {
    body: { from, to: "5511900000002", [kind]: file },
  });
  expect(answer).toMatchObject({ status, body: { error_code: code, error } });
  expect(await objects(api)).toBe(0);
});

test("a file of 6 MB in a body is taken, one that is larger than the limit is not", async () => {
  await using api = await openTestApi();
  const from = await api.addDevice();
  const send = (bytes: number) => {
    const base64 = Buffer.alloc(bytes, "x").toString("base64");
    const document = { base64, file_name: "a.txt" };
    return api.call("POST", "/v1/messages", { body: { from, to: "5511900000002", document } });
  };
  expect((await send(6_000_000)).status).toBe(202);
  expect((await send(6_300_000)).status).toBe(413);
  const base64 = `${"A".repeat(7_999_999)}!`;
  const wrong = { code: 400, body: { error_code: "VALIDATION_ERROR" } };
  const native = { from, to: "5511900000002", document: { base64 } };
  const wuts = { device_id: from, number: "5511900000002", document: base64 };
  for (const [path, body] of [
    ["/v1/messages", native],
    ["/send/document", wuts],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- large ones, one after the other
    const answer = await api.call("POST", path, { body });
    expect({ code: answer.status, body: answer.body }).toMatchObject(wrong);
  }
});

test("media of another kind, or too large for it, is not sent as this one", async () => {
  await using api = await openTestApi({ image_limit_bytes: 20 });
  const from = await api.addDevice();
  const created = await upload(api, PIXEL);
  const send = (kind: string) =>
    api.call("POST", "/v1/messages", {
      body: { from, to: "5511900000002", [kind]: { media_id: created.body["media_id"] } },
    });
  expect(await send("image")).toMatchObject({
    status: 422,
    body: { error: "The image can't be used: it is larger than 20 bytes" },
  });
  expect(await send("video")).toMatchObject({
    status: 422,
    body: { error: "The video can't be used: the bytes are image/png, which is no video" },
  });
  expect((await send("document")).status).toBe(202);
});
