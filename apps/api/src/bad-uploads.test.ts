import { gzipSync } from "node:zlib";
import type { DeviceId, ErrorCode } from "@pombo/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN, openTestApi, speak, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: DeviceId;

beforeAll(async () => {
  api = await openTestApi({ batch_body_limit_bytes: 12_000_000, batch_gzip_ratio: 100 });
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const NDJSON = "application/x-ndjson";
const ROWS = 10_000;
/** Every so many rows one is bad. */
const BAD_EVERY = 20;

const numberOf = (row: number): string => String(5_511_900_000_000 + row);
const image = { url: "https://example.com/a.png" };
const V = "VALIDATION_ERROR";

/** What makes a good row a bad one, and where it is told. A text is a line as it is. */
const KINDS: readonly (readonly [unknown, field: string, code: ErrorCode])[] = [
  [{ to: undefined }, "to", V],
  [{ to: "" }, "to", V],
  [{ to: 5_511_900_000_001 }, "to", V],
  [{ to: "119999" }, "to", V],
  [{ to: "1234567890123456" }, "to", V],
  [{ to: "55119O0000001" }, "to", V],
  [{ to: "5.5119E+12" }, "to", V],
  [{ to: "1@s.whatsapp.net" }, "to", "INVALID_CHAT_JID"],
  [{ to: "ana@example.com" }, "to", "INVALID_CHAT_JID"],
  [{ to: "123@lid" }, "to", "INVALID_CHAT_JID"],
  [{ to: "1@g.us" }, "to", "INVALID_CHAT_JID"],
  [{ text: undefined }, "text", V],
  [{ image }, "image", V],
  [{ text: "" }, "text", V],
  [{ text: "x ".repeat(2_100) }, "text", V],
  [{ text: 5 }, "text", V],
  [{ text: "\ud83d" }, "text", V],
  [{ text: "a\0" }, "text", V],
  [{ clientref: "1" }, "clientref", V],
  [{ from: "dev_x" }, "from", V],
  [{ client_ref: "" }, "client_ref", V],
  [{ client_ref: "x ".repeat(200) }, "client_ref", V],
  [{ client_ref: 7 }, "client_ref", V],
  [{ metadata: "x" }, "metadata", V],
  [{ metadata: { a: "x".repeat(2_100) } }, "metadata", V],
  [{ text: undefined, image: {} }, "image", V],
  [{ text: undefined, image: { ...image, media_id: "med_1" } }, "image", V],
  [{ text: undefined, image: { url: "ftp://x" } }, "image.url", V],
  [{ text: undefined, image: { ...image, caption: "é".repeat(1_025) } }, "image.caption", V],
  [{ text: undefined, image: { ...image, mime_type: "png" } }, "image.mime_type", V],
  [{ text: undefined, image: { ...image, ptt: true } }, "image.ptt", V],
  [{ text: undefined, image: { base64: "YWJj" } }, "image.base64", V],
  [{ text: undefined, image: { media_id: "x" } }, "image.media_id", "MEDIA_UNACCEPTABLE"],
  [{ text: undefined, location: { latitude: 91, longitude: 0 } }, "location.latitude", V],
  [{ text: undefined, contact: { name: "Ana" } }, "contact.phone", V],
  [{ text: undefined, poll: { question: "?", options: ["a"] } }, "poll.options", V],
  [{ mentions: ["x"] }, "mentions.0", V],
  [{ typing_ms: -1 }, "typing_ms", V],
  [
    { text: undefined, reaction: { emoji: "👍" } },
    "reaction.message_id",
    "MISSING_REQUIRED_FIELDS",
  ],
  [{ quoted: { message_id: "" } }, "quoted.message_id", "MISSING_REQUIRED_FIELDS"],
  ['["5511900000001","Hi"]', "", "INVALID_REQUEST_FORMAT"],
  ['{"to":"5511900000001",text:"Hi"}', "", "INVALID_JSON"],
  ['{"to":"5511900000001","to":"5511900000002","text":"Hi"}', "", "INVALID_JSON"],
  [`{"to":"${"1".repeat(70_000)}"}`, "", "PAYLOAD_TOO_LARGE"],
];

const kindOf = (row: number) => (row % BAD_EVERY === 0 ? (row / BAD_EVERY) % KINDS.length : -1);

function lineOf(row: number): string {
  const change = KINDS[kindOf(row)]?.[0];
  if (typeof change === "string") return change;
  return JSON.stringify({
    to: numberOf(row),
    text: `Hi ${row}`,
    ...(change as object | undefined),
  });
}

/** The first line is empty: lines are not rows. */
const BAD_ROWS = `\n${Array.from({ length: ROWS }, (_, at) => `${lineOf(at + 1)}\n`).join("")}`;
const BAD = ROWS / BAD_EVERY;

function upload(body: string | Uint8Array, settings = {}, headers = {}) {
  const query = new URLSearchParams({ from: device, ...settings });
  return api.call("POST", `/v1/batches?${query.toString()}`, {
    body,
    headers: { "content-type": NDJSON, ...headers },
  });
}

interface Told {
  readonly row: number;
  readonly line: number;
  readonly field: string;
  readonly value: unknown;
  readonly error_code: string;
}

async function errorsOf(id: string): Promise<readonly Told[]> {
  const errors: Told[] = [];
  let cursor: unknown = "";
  do {
    const path = `/v1/batches/${id}/errors?limit=300${cursor === "" ? "" : `&cursor=${cursor as string}`}`;
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const { body } = await api.call("GET", path);
    errors.push(...(body["errors"] as readonly Told[]));
    cursor = body["next_cursor"];
  } while (cursor !== null);
  return errors;
}

describe(`${BAD} bad rows of ${KINDS.length} kinds among ${ROWS}`, () => {
  test("are each told with line, field, value and code, and the others are taken", async () => {
    const made = await upload(BAD_ROWS);
    expect(made).toMatchObject({ status: 202, body: { accepted: ROWS - BAD, invalid: BAD } });
    const errors = await errorsOf(String(made.body["batch_id"]));
    const expected = Array.from({ length: BAD }, (_, at) => {
      const row = (at + 1) * BAD_EVERY;
      const [, field, error_code] = KINDS[kindOf(row)] ?? [];
      return { row, line: row + 1, kind: "invalid", field, error_code };
    });
    expect(errors).toMatchObject(expected);
    const values = errors.filter(({ field }) => field === "to").map(({ value }) => value);
    expect(values.slice(0, 3)).toEqual(["", 5_511_900_000_001, "119999"]);
    expect(values).toContain(null);
  });

  test("let nothing be sent with on_invalid=reject", async () => {
    const refused = await upload(BAD_ROWS, { on_invalid: "reject" });
    expect(refused).toMatchObject({ status: 400, body: { success: false, error_code: V } });
    const { body } = await api.call("GET", `/v1/batches/${String(refused.body["batch_id"])}`);
    expect(body).toMatchObject({
      status: "canceled",
      counts: { accepted: ROWS - BAD, invalid: BAD, queued: 0, canceled: ROWS - BAD },
    });
    expect(await errorsOf(String(refused.body["batch_id"]))).toHaveLength(BAD);
  });
});

describe("an upload that turns out to be wrong after many rows", () => {
  const good = Array.from({ length: 6_000 }, (_, at) => `${numberOf(at)},Hi\n`).join("");
  const cases: readonly (readonly [string, Uint8Array, number, ErrorCode, RegExp])[] = [
    [
      "has a byte of another charset",
      Buffer.concat([Buffer.from(good), Buffer.from("1,\xe9\n", "latin1")]),
      400,
      "INVALID_JSON",
      /not valid UTF-8 \(line 6002\)/,
    ],
    ["has NUL bytes", Buffer.from(`${good}1,\0\n`), 400, "INVALID_JSON", /NUL bytes.*line 6002/],
    [
      "has a quote that is never closed",
      Buffer.from(`${good}1,"Hi\n${good}`),
      400,
      "INVALID_JSON",
      /line 6002 has a quote that is never closed/,
    ],
  ];
  test.each(cases)("%s: nothing of it is sent", async (_what, bytes, status, code, says) => {
    const body = Buffer.concat([Buffer.from("to,text\n"), bytes]);
    const refused = await upload(body, {}, { "content-type": "text/csv" });
    expect(refused).toMatchObject({ status, body: { success: false, error_code: code } });
    expect(refused.body["error"]).toMatch(says);
    const { body: batch } = await api.call(
      "GET",
      `/v1/batches/${String(refused.body["batch_id"])}`,
    );
    expect(batch).toMatchObject({ status: "canceled", counts: { queued: 0, sent: 0 } });
  });
});

describe("an upload past its limit", () => {
  const HEAD = () =>
    `POST /v1/batches?from=${device} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN}\r\nContent-Type: text/csv\r\n`;
  const LONG_ROW = `${numberOf(1)},${"x".repeat(1_000)}\n`;
  const tooLarge = /^HTTP\/1.1 413 [\s\S]*PAYLOAD_TOO_LARGE/;

  test("is refused by what it claims, before anything of it comes", async () => {
    const heard = await speak(
      api.url,
      (socket) => socket.write(`${HEAD()}Content-Length: 12000001\r\n\r\n`),
      /\r\n\r\n\{.*\}/,
    );
    expect(heard).toMatch(tooLarge);
  });

  test("is refused by what comes, and its sender hears why", async () => {
    const chunk = Buffer.from(LONG_ROW.repeat(60));
    const heard = await speak(
      api.url,
      (socket) => {
        socket.write(`${HEAD()}Transfer-Encoding: chunked\r\n\r\n8\r\nto,text\n\r\n`);
        for (let sent = 0; sent < 13_000_000; sent += chunk.length) {
          socket.write(`${chunk.length.toString(16)}\r\n`);
          socket.write(chunk);
          socket.write("\r\n");
        }
        socket.write("0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
      },
      /"live"/,
    );
    expect(heard).toMatch(tooLarge);
  });

  test("is refused when it expands too much, however small it is", async () => {
    const bomb = gzipSync(`to,text\n${LONG_ROW.repeat(9_500)}`);
    const headers = { "content-type": "text/csv", "content-encoding": "gzip" };
    const refused = await upload(bomb, {}, headers);
    expect(refused).toMatchObject({ status: 413, body: { error_code: "PAYLOAD_TOO_LARGE" } });
    expect(refused.body["error"]).toMatch(/expands more than 100 times/);
  });
});
