import type { DeviceId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: DeviceId;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const TO = "5511999999999";
const good = { to: TO, text: "hello" };
const url = "https://example.com/a.png";
const poll = { question: "When?", options: ["now", "later"] };

/** A row that is wrong in one way, the field that is to blame, and its code. */
const BAD: readonly (readonly [row: unknown, field: string, code?: string])[] = [
  [{ text: "hello" }, "to"],
  [{ ...good, to: "" }, "to"],
  [{ ...good, to: "12345" }, "to"],
  [{ ...good, to: "somebody" }, "to"],
  [{ ...good, to: 5_511_999_999_999 }, "to"],
  [{ ...good, to: null }, "to"],
  [{ ...good, to: "1".repeat(16) }, "to"],
  [{ ...good, to: "1".repeat(65) }, "to"],
  [{ ...good, to: "somebody@somewhere" }, "to", "INVALID_CHAT_JID"],
  [{ ...good, to: "12345@lid" }, "to", "INVALID_CHAT_JID"],
  [{ ...good, to: "12@g.us" }, "to", "INVALID_CHAT_JID"],
  [{ to: TO }, "text"],
  [{ to: TO, text: "" }, "text"],
  [{ to: TO, text: "x".repeat(4_097) }, "text"],
  [{ to: TO, text: 7 }, "text"],
  [{ to: TO, text: "a\0b" }, "text"],
  [{ ...good, image: { url } }, "image"],
  [{ to: TO, image: {} }, "image"],
  [{ to: TO, image: "a.png" }, "image"],
  [{ to: TO, image: { url: "ftp://example.com/a" } }, "image.url"],
  [{ to: TO, image: { url, media_id: "med_1" } }, "image"],
  [{ to: TO, image: { base64: "AAAA" } }, "image.base64"],
  [{ to: TO, image: { media_id: "med_0123456789abcdef" } }, "image.media_id", "MEDIA_UNACCEPTABLE"],
  [{ to: TO, image: { url, caption: "x".repeat(1_025) } }, "image.caption"],
  [{ to: TO, image: { url, mime_type: "picture" } }, "image.mime_type"],
  [{ to: TO, image: { url, ptt: true } }, "image.ptt"],
  [{ to: TO, location: { latitude: 91, longitude: 0 } }, "location.latitude"],
  [{ to: TO, location: { latitude: "1", longitude: 0 } }, "location.latitude"],
  [{ to: TO, location: { latitude: 1 } }, "location.longitude"],
  [{ to: TO, contact: { name: "Ana" } }, "contact.phone"],
  [{ to: TO, contact: { name: "", phone: TO } }, "contact.name"],
  [{ to: TO, poll: { ...poll, options: ["now"] } }, "poll.options"],
  [{ to: TO, poll: { ...poll, options: ["now", "now"] } }, "poll.options"],
  [{ to: TO, poll: { ...poll, selectable_count: 3 } }, "poll.selectable_count"],
  [{ to: TO, reaction: { message_id: "3EB0", emoji: "👍" } }, "reaction"],
  [{ ...good, quoted: { message_id: "3EB0" } }, "quoted"],
  [{ ...good, mentions: [] }, "mentions"],
  [{ ...good, mentions: ["12"] }, "mentions.0"],
  [{ ...good, typing_ms: -1 }, "typing_ms"],
  [{ ...good, client_ref: "" }, "client_ref"],
  [{ ...good, client_ref: 7 }, "client_ref"],
  [{ ...good, client_ref: "x".repeat(256) }, "client_ref"],
  [{ ...good, metadata: [] }, "metadata"],
  [{ ...good, metadata: { a: "x".repeat(2_048) } }, "metadata"],
  [{ ...good, txet: "hello" }, "txet"],
  [{ ...good, priority: "high" }, "priority"],
  [[], "", "INVALID_REQUEST_FORMAT"],
  ["hello", "", "INVALID_REQUEST_FORMAT"],
  ['{"to":', "", "INVALID_JSON"],
  [`{"to":"${TO}","to":"${TO}","text":"a"}`, "", "INVALID_JSON"],
];

const ROWS = 10_000;
const EVERY = 20;

function lineOf(row: unknown): string {
  return typeof row === "string" && row.startsWith("{") ? row : JSON.stringify(row);
}

test("five hundred bad rows of fifty kinds among ten thousand are reported one by one, and the others taken", async () => {
  const settings = JSON.stringify({ batch: { from: device } });
  const bad = (row: number) => (row % EVERY === 0 ? BAD[(row / EVERY) % BAD.length] : undefined);
  const lines = Array.from({ length: ROWS }, (_, at) => lineOf(bad(at + 1)?.[0] ?? good));
  const made = await api.call("POST", "/v1/batches", {
    body: [settings, ...lines].join("\n"),
    headers: { "content-type": "application/x-ndjson" },
  });
  expect(made).toMatchObject({
    status: 202,
    body: { accepted: ROWS - 500, invalid: 500, duplicate: 0 },
  });
  const path = `/v1/batches/${String(made.body["batch_id"])}/errors?limit=1000`;
  const { errors, next_cursor: next } = (await api.call("GET", path)).body;
  const told = new Map<number, Record<string, unknown>>();
  for (const error of errors as Record<string, unknown>[]) {
    const row = Number(error["row"]);
    const [, field, code = "VALIDATION_ERROR"] = bad(row) ?? [];
    const [wrong] = bad(row) ?? [];
    expect(error, JSON.stringify(error)).toMatchObject({
      line: row + 1,
      kind: "invalid",
      message: expect.stringMatching(/\w/) as string,
    });
    expect(error["field"], JSON.stringify([wrong, error])).toBe(field);
    expect(error["error_code"], JSON.stringify(error)).toBe(code);
    expect(error).toHaveProperty("value");
    told.set(row, error);
  }
  expect(told.size).toBe(500);
  expect(next).toBeNull();
});
