import { gzipSync } from "node:zlib";
import type { BatchId, DeviceId } from "@pombo/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestStore } from "./digest-store.ts";
import { type CallInit, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: DeviceId;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const CSV = "text/csv";
const NDJSON = "application/x-ndjson";
const HELLO = "Hello {{name}}";

interface Upload extends Omit<CallInit, "headers"> {
  readonly type?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly once?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function upload(body: unknown, { type = CSV, settings, once, headers, ...init }: Upload = {}) {
  const query = new URLSearchParams({ from: device, template: HELLO, ...settings });
  return api.call("POST", `/v1/batches?${query.toString()}`, {
    ...init,
    body,
    headers: {
      "content-type": type,
      ...(once === undefined ? {} : { "idempotency-key": once }),
      ...headers,
    },
  });
}

const numberOf = (row: number): string => String(5_511_900_000_000 + row);

function table(count: number, from = 1): string {
  const lines = Array.from(
    { length: count },
    (_, at) => `${numberOf(from + at)},name ${from + at}`,
  );
  return ["to,name", ...lines, ""].join("\n");
}

async function bodyOf(path: string): Promise<Record<string, unknown>> {
  return { ...(await api.call("GET", path)).body };
}

describe("ten rows", () => {
  const accepted = { success: true, accepted: 10, invalid: 0, duplicate: 0, suppressed: 0 };
  const rows = Array.from({ length: 10 }, (_, at) => ({
    to: numberOf(at + 1),
    name: `name ${at + 1}`,
  }));
  const lines = (first: object[] = []) =>
    [...first, ...rows].map((row) => `${JSON.stringify(row)}\n`).join("");

  test.each([
    ["CSV", CSV, table(10)],
    ["CSV with semicolons and a byte order mark", CSV, `\uFEFF${table(10).replaceAll(",", ";")}`],
    ["NDJSON", NDJSON, lines()],
    ["JSON", "application/json", JSON.stringify({ rows })],
  ])("as %s", async (_, type, body) => {
    const made = await upload(body, { type });
    expect(made).toMatchObject({ status: 202, body: { ...accepted, status: "running" } });
    const id = made.body["batch_id"] as BatchId;
    expect(await bodyOf(`/v1/batches/${id}`)).toMatchObject({
      batch_id: id,
      status: "running",
      from: device,
      priority: "bulk",
      template: HELLO,
      rows: 10,
      counts: { accepted: 10, queued: 10, sent: 0 },
      rate: null,
      eta: null,
      failures: [],
    });
    expect(await api.ledger.readChunk(id, 0)).toEqual(
      rows.map(({ to, name }) => ({ to, values: [name] })),
    );
  });

  test("with the settings in the first line, packed", async () => {
    const batch = { from: device, template: HELLO, priority: "high", quiet_hours: "22:00-08:00" };
    const made = await api.call("POST", "/v1/batches", {
      body: gzipSync(lines([{ batch }])),
      headers: { "content-type": NDJSON, "content-encoding": "gzip" },
    });
    expect(made).toMatchObject({ status: 202, body: accepted });
    expect(await bodyOf(`/v1/batches/${String(made.body["batch_id"])}`)).toMatchObject({
      priority: "high",
      quiet_hours: { from: "22:00", to: "08:00" },
    });
  });

  test("with contents of their own, without a template", async () => {
    const body = { from: device, rows: [{ to: numberOf(1), image: { url: "https://x.org/a" } }] };
    const made = await api.call("POST", "/v1/batches", { body });
    expect(made).toMatchObject({ status: 202, body: { accepted: 1 } });
    const [row] = (await api.ledger.readChunk(made.body["batch_id"] as BatchId, 0)) ?? [];
    expect(row?.content).toMatchObject({ kind: "image", media: { url: "https://x.org/a" } });
  });
});

describe("rows that are not accepted", () => {
  test("are reported with line, field, value and code, and the others are taken", async () => {
    await api.ledger.addSuppressions([{ recipient: numberOf(4), reason: "manual" }], {
      by: "key_0",
      now: Date.now(),
    });
    const body = [
      "to,name,client_ref",
      `${numberOf(1)},Ana,a`,
      "12,Bo,b",
      `${numberOf(3)},"two`,
      `lines",c`,
      `${numberOf(4)},Dea,d`,
      `${numberOf(5)},Eli,a`,
      `${numberOf(6)},,f`,
      "",
    ].join("\r\n");
    const made = await upload(body);
    expect(made.body).toMatchObject({ accepted: 2, invalid: 2, duplicate: 1, suppressed: 1 });
    const id = String(made.body["batch_id"]);
    const { errors, next_cursor: next } = await bodyOf(`/v1/batches/${id}/errors`);
    expect(next).toBeNull();
    const asked = await api.call("GET", `/v1/batches/${id}/errors.csv`);
    const [heads, ...lines] = asked.text.trimEnd().split("\r\n");
    expect(heads).toBe("line,row,kind,field,value,error_code,message,message_id");
    expect(lines).toHaveLength((errors as object[]).length);
    expect(lines[0]).toMatch(/^3,2,invalid,to,12,VALIDATION_ERROR,/);
    expect(errors).toMatchObject([
      {
        row: 2,
        line: 3,
        kind: "invalid",
        field: "to",
        value: "12",
        error_code: "VALIDATION_ERROR",
      },
      {
        row: 4,
        line: 6,
        kind: "suppressed",
        field: "to",
        value: numberOf(4),
        error_code: "RECIPIENT_SUPPRESSED",
      },
      {
        row: 5,
        line: 7,
        kind: "duplicate",
        field: "client_ref",
        value: "a",
        message_id: `3EB0${id.slice(4)}0000001`,
      },
      { row: 6, line: 8, kind: "invalid", field: "name", error_code: "VALIDATION_ERROR" },
    ]);
    const page = await bodyOf(`/v1/batches/${id}/errors?limit=2&cursor=1`);
    expect(page).toMatchObject({ errors: [{ row: 4 }, { row: 5 }], next_cursor: "3" });
  });

  test("are those that name a file that can't be used", async () => {
    const file = await api.call("POST", "/v1/media", {
      body: Buffer.from("%PDF-1.4\n%%EOF\n"),
      headers: { "content-type": "application/pdf" },
    });
    const id = String(file.body["media_id"]);
    const absent = "med_0123456789abcdef0123456789abcdef";
    const rows = [
      { to: numberOf(1), document: { media_id: id, caption: "a" } },
      { to: numberOf(2), document: { media_id: absent } },
      { to: numberOf(3), image: { media_id: id } },
      { to: numberOf(7), document: { media_id: id } },
    ];
    const made = await api.call("POST", "/v1/batches", { body: { from: device, rows } });
    expect(made).toMatchObject({ status: 202, body: { accepted: 2, invalid: 2 } });
    const batch = String(made.body["batch_id"]);
    const [first] = (await api.ledger.readChunk(batch as BatchId, 0)) ?? [];
    expect(first?.content).toEqual({ kind: "document", media: { id }, caption: "a" });
    const { errors } = await bodyOf(`/v1/batches/${batch}/errors`);
    expect(errors).toMatchObject([
      { row: 2, field: "document.media_id", value: absent, error_code: "MEDIA_UNACCEPTABLE" },
      { row: 3, field: "image.media_id", value: id, error_code: "MEDIA_UNACCEPTABLE" },
    ]);
  });

  test("are the repeats of a recipient, when the batch says so", async () => {
    const body = `to,name\n${numberOf(1)},a\n${numberOf(1)},b\n+${numberOf(2)},c\n`;
    const made = await upload(body, { settings: { dedupe: "recipient" } });
    expect(made.body).toMatchObject({ accepted: 2, duplicate: 1 });
    const plain = await upload(body, { settings: { dedupe: "none" } });
    expect(plain.body).toMatchObject({ accepted: 3, duplicate: 0 });
  });

  test("let nothing be sent with on_invalid=reject, and the repeat is told the same", async () => {
    const body = `to,name\n${numberOf(1)},a\n77,b\n`;
    const settings = { on_invalid: "reject" };
    const refused = await upload(body, { settings, once: "reject" });
    expect(refused).toMatchObject({
      status: 400,
      body: {
        error_code: "VALIDATION_ERROR",
        error: expect.stringMatching(/1 row of the batch/) as string,
        validation: [{ field: "line 3: to", value: "77" }],
      },
    });
    const id = String(refused.body["batch_id"]);
    expect(await bodyOf(`/v1/batches/${id}`)).toMatchObject({
      status: "canceled",
      reason: "rows_refused",
      counts: { accepted: 1, invalid: 1, queued: 0, canceled: 1 },
    });
    const again = await upload(body, { settings, once: "reject" });
    expect(again).toMatchObject({ status: 400, body: { batch_id: id } });
  });
});

describe("what can't be taken leaves nothing behind", () => {
  const cases: readonly (readonly [string, unknown, Upload, number, string])[] = [
    ["no type", table(1), { headers: { "content-type": "" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["another type", table(1), { type: "text/plain" }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    [
      "another encoding",
      table(1),
      { headers: { "content-encoding": "br" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["an empty file", "", {}, 400, "INVALID_JSON"],
    ["a header alone", "to,name\n", {}, 400, "VALIDATION_ERROR"],
    ["another charset", Buffer.from("to,name\n1,\xe9\n", "latin1"), {}, 400, "INVALID_JSON"],
    ["a picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1]), {}, 400, "INVALID_JSON"],
    ["no gzip", table(1), { headers: { "content-encoding": "gzip" } }, 400, "INVALID_JSON"],
    ["no column to", "phone,name\n1,a\n", {}, 400, "VALIDATION_ERROR"],
    ["an unknown column", "to,name,nmae\n1,a,b\n", {}, 400, "VALIDATION_ERROR"],
    ["a list", "[1]", { type: "application/json" }, 400, "INVALID_REQUEST_FORMAT"],
    ["no JSON", "{", { type: "application/json" }, 400, "INVALID_JSON"],
    ["no rows", "{}", { type: "application/json" }, 400, "VALIDATION_ERROR"],
    [
      "another device",
      table(1),
      { settings: { from: "dev_00000000000000ff" } },
      404,
      "DEVICE_NOT_FOUND",
    ],
    [
      "another pool",
      table(1),
      { settings: { from: "pool_00000000000000ff" } },
      404,
      "DEVICE_NOT_FOUND",
    ],
    [
      "a time that has passed",
      table(1),
      { settings: { send_at: "2020-01-01T00:00:00Z" } },
      400,
      "VALIDATION_ERROR",
    ],
    ["an unknown setting", table(1), { settings: { prioriti: "high" } }, 400, "VALIDATION_ERROR"],
    ["a wrong template", table(1), { settings: { template: "{{name" } }, 400, "VALIDATION_ERROR"],
    [
      "an unknown column in it",
      table(1),
      { settings: { template: "{{nmae}}" } },
      400,
      "VALIDATION_ERROR",
    ],
    ["a key with spaces", table(1), { once: "a b" }, 400, "VALIDATION_ERROR"],
  ];
  test.each(cases)("%s", async (_name, body, init, status, code) => {
    const before = await digestStore(api.redis);
    const refused = await upload(body, init);
    expect(refused).toMatchObject({ status, body: { success: false, error_code: code } });
    expect(await digestStore(api.redis)).toEqual(before);
  });

  test("and says what was probably meant", async () => {
    const setting = await upload(table(1), { settings: { prioriti: "high" } });
    expect(setting.body).toMatchObject({
      validation: [
        { field: "prioriti", message: expect.stringMatching(/did you mean "priority"/) as string },
      ],
    });
    const inside = await upload(`{"batch":{"on_invald":"skip"}}\n{"to":"1"}\n`, { type: NDJSON });
    expect(inside.body).toMatchObject({
      validation: [
        {
          field: "on_invald",
          message: expect.stringMatching(/did you mean "on_invalid"/) as string,
        },
      ],
    });
    const column = await upload("to,nmae\n1,a\n");
    expect(column.text).toContain("nmae");
    const twice = await upload(`{"batch":{"from":"${device}"}}\n{"to":"1"}\n`, { type: NDJSON });
    expect(twice.body).toMatchObject({
      validation: [{ field: "from", message: expect.stringMatching(/twice/) as string }],
    });
  });
});
