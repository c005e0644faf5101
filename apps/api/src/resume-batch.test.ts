import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { SCOPES } from "@pombo/contract";
import { type BatchId, CHUNK_ROWS, type DeviceId, rowMessageId } from "@pombo/domain";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: DeviceId;
/** What Redis uses of its room, percent. */
let memory = 1;

beforeAll(async () => {
  api = await openTestApi({ key_sweep_ms: 50 }, undefined, {
    admission: {
      refuse: () =>
        Promise.resolve(
          memory < 70 ? undefined : { code: "SERVICE_UNAVAILABLE", retryAfterMs: 10_000 },
        ),
    },
  });
});
beforeEach(async () => {
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const HELLO = "Hello {{name}}";
const numberOf = (row: number): string => String(5_511_900_000_000 + row);

/** Rows of about a hundred bytes: an upload is looked at in pieces of 16 to 64 KiB. */
function table(count: number): string {
  const name = "x".repeat(70);
  const lines = Array.from(
    { length: count },
    (_, at) => `${numberOf(at + 1)},name ${at + 1} ${name}`,
  );
  return ["to,name", ...lines, ""].join("\n");
}

interface Sending {
  readonly once?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
}

function pathOf({ settings }: Sending): string {
  const query = new URLSearchParams({ from: device, template: HELLO, ...settings });
  return `/v1/batches?${query.toString()}`;
}

function headersOf({ once: key, headers }: Sending): Record<string, string> {
  return {
    "content-type": "text/csv",
    ...(key === undefined ? {} : { "idempotency-key": key }),
    ...headers,
  };
}

function send(body: string | Uint8Array, sending: Sending = {}) {
  const { key } = sending;
  const init = { body, headers: headersOf(sending), ...(key === undefined ? {} : { key }) };
  return api.call("POST", pathOf(sending), init);
}

const ADMIN = "pombo_c0_admin-key-for-tests";

/** A request whose body is written by hand. */
function begin(sending: Sending = {}) {
  const authorization = `Bearer ${sending.key ?? ADMIN}`;
  const headers = { authorization, ...headersOf(sending) };
  const sent = request(api.url + pathOf(sending), { method: "POST", headers });
  const answered = once(sent, "response").then(async ([response]: IncomingMessage[]) => ({
    status: response?.statusCode,
    body: JSON.parse(response === undefined ? "{}" : await text(response)) as object,
  }));
  sent.on("error", () => undefined);
  answered.catch(() => undefined);
  return { sent, answered };
}

/** Writes so much of a body, and leaves. */
async function cut(body: Buffer, at: number, sending: Sending): Promise<void> {
  const { sent } = begin(sending);
  await new Promise<void>((resolve) => sent.write(body.subarray(0, at), () => resolve()));
  sent.destroy();
}

/** The batch of the test's device, when so many of its rows are stored. */
async function newest(accepted: number, status = "receiving"): Promise<Record<string, unknown>> {
  await expect
    .poll(async () => (await batches())[0], { interval: 10 })
    .toMatchObject({ status, counts: { accepted } });
  return (await batches())[0] ?? {};
}

async function idsOf(id: BatchId): Promise<readonly string[]> {
  const batch = await api.ledger.findBatch(id);
  const ids: string[] = [];
  for (let index = 0; index < (batch?.chunks ?? 0); index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- chunk after chunk
    const rows = (await api.ledger.readChunk(id, index)) ?? [];
    ids.push(...rows.map((_, at) => rowMessageId(id, index * CHUNK_ROWS + at + 1)));
  }
  return ids;
}

async function batches(): Promise<readonly Record<string, unknown>[]> {
  return (await api.call("GET", `/v1/batches?from=${device}`)).body["batches"] as Record<
    string,
    unknown
  >[];
}

test.each([
  ["plain", {}, (body: Buffer) => body],
  ["packed", { "content-encoding": "gzip" }, (body: Buffer) => gzipSync(body, { level: 1 })],
])(
  "an upload cut anywhere, and sent again under its key, has every row once: %s",
  async (name, headers, pack) => {
    const rows = 4 * CHUNK_ROWS + 7;
    const body = pack(Buffer.from(table(rows)));
    const cuts = fc.array(fc.nat(body.length - 1), { minLength: 1, maxLength: 3 });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const sending = { once: `cut-${name}-${(runs += 1)}`, headers };
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        for (const at of places) await cut(body, at, sending);
        const whole = await send(body, sending);
        expect(whole).toMatchObject({
          status: 202,
          body: { accepted: rows, invalid: 0, duplicate: 0, status: "running" },
        });
        const id = whole.body["batch_id"] as BatchId;
        expect(new Set(await idsOf(id)).size).toBe(rows);
        expect((await api.ledger.findBatch(id))?.counts).toMatchObject({ accepted: rows });
        const repeated = await send(body, sending);
        expect(repeated.text).toBe(whole.text);
        expect(repeated.headers.get("idempotent-replayed")).toBe("true");
      }),
      { numRuns: 8 },
    );
  },
);

test("a broken upload leaves a batch that receives, of which nothing is sent", async () => {
  const body = Buffer.from(table(3 * CHUNK_ROWS));
  await cut(body, body.length - 10, { once: "broken" });
  const { batch_id: id } = await newest(2 * CHUNK_ROWS);
  expect(await send(body, { once: "broken" })).toMatchObject({
    status: 202,
    body: { batch_id: id, accepted: 3 * CHUNK_ROWS },
  });
});

test("another upload under the key is refused, and the line is named", async () => {
  const body = table(2 * CHUNK_ROWS + 3);
  await send(body, { once: "mine" });
  const differing = async (other: string, sending: Sending = {}) =>
    (await send(other, { once: "mine", ...sending })).body;
  const reused = { error_code: "IDEMPOTENCY_KEY_REUSED" };
  expect(await differing(body.replace("name 700 ", "name 7OO "))).toMatchObject({
    ...reused,
    error: expect.stringContaining("in line 701") as string,
  });
  expect(await differing(`${body}${numberOf(9_999)},more\n`)).toMatchObject({
    ...reused,
    error: expect.stringContaining(`in line ${2 * CHUNK_ROWS + 5}`) as string,
  });
  expect(await differing(table(2 * CHUNK_ROWS))).toMatchObject(reused);
  expect(await differing(body, { settings: { priority: "high" } })).toMatchObject(reused);
  expect(await differing(body.replace("to,name", "to,nam e"), {})).toMatchObject({
    error_code: "VALIDATION_ERROR",
  });
});

test("without a key a repeat is a new batch, and what can't go on is ended", async () => {
  const first = await send(table(3));
  const second = await send(table(3));
  expect(first.body["batch_id"]).not.toBe(second.body["batch_id"]);
  const wrong = Buffer.concat([Buffer.from(table(2 * CHUNK_ROWS - 1)), Buffer.from([0xff, 0x0a])]);
  const refused = await send(wrong);
  expect(refused).toMatchObject({
    status: 400,
    body: {
      error_code: "INVALID_JSON",
      error: expect.stringContaining(`line ${2 * CHUNK_ROWS + 1}`) as string,
    },
  });
  expect(await api.ledger.findBatch(refused.body["batch_id"] as BatchId)).toMatchObject({
    state: "canceled",
    counts: { canceled: CHUNK_ROWS, queued: 0 },
  });
});

test("with a key it can be set right, and goes on", async () => {
  const good = Buffer.from(table(2 * CHUNK_ROWS - 1));
  const wrong = Buffer.concat([good, Buffer.from([0xff, 0x0a])]);
  const refused = await send(wrong, { once: "set-right" });
  expect(refused).toMatchObject({ status: 400, body: { error_code: "INVALID_JSON" } });
  const { batch_id: id } = refused.body;
  const whole = await send(good, { once: "set-right" });
  expect(whole.body).toMatchObject({ batch_id: id, accepted: 2 * CHUNK_ROWS - 1 });
});

test("a client_ref is unique among the batches of its key", async () => {
  const lines = (refs: readonly string[]) =>
    ["to,client_ref,name", ...refs.map((ref, at) => `${numberOf(at + 1)},${ref},n`), ""].join("\n");
  const first = await send(lines(["x1", "x2"]));
  const second = await send(lines(["x2", "x3"]));
  expect(second.body).toMatchObject({ accepted: 1, duplicate: 1 });
  const path = `/v1/batches/${String(second.body["batch_id"])}/errors`;
  expect((await api.call("GET", path)).body["errors"]).toMatchObject([
    { row: 1, line: 2, message_id: rowMessageId(first.body["batch_id"] as BatchId, 2) },
  ]);
});

test("an installation that is full takes no chunk more, and the upload goes on later", async () => {
  const { sent, answered } = begin({ once: "full" });
  const body = table(4 * CHUNK_ROWS);
  const half = body.indexOf("\n", body.length / 2);
  sent.write(body.slice(0, half));
  await newest(2 * CHUNK_ROWS);
  memory = 80;
  sent.end(body.slice(half));
  const refused = await answered;
  memory = 1;
  expect(refused).toMatchObject({ status: 503, body: { error_code: "SERVICE_UNAVAILABLE" } });
  const whole = await send(body, { once: "full" });
  expect(whole.body).toMatchObject({
    ...("batch_id" in refused.body ? { batch_id: refused.body.batch_id } : {}),
    accepted: 4 * CHUNK_ROWS,
  });
});

test("an upload whose key is revoked ends at once, also while its client is silent", async () => {
  const key = api.addKey({ scopes: SCOPES });
  const { sent, answered } = begin({ once: "revoked", key });
  sent.write(table(CHUNK_ROWS + 100));
  await newest(CHUNK_ROWS);
  api.changeKey(key, { revokedAt: Date.now() });
  expect(await answered).toMatchObject({ status: 401, body: { error_code: "INVALID_API_KEY" } });
  sent.destroy();
  await newest(CHUNK_ROWS);
});

test("a batch that is canceled while its rows come is told so", async () => {
  const { sent, answered } = begin({ once: "canceled" });
  sent.write(table(CHUNK_ROWS + 100));
  const id = String((await newest(CHUNK_ROWS))["batch_id"]);
  await api.call("POST", `/v1/batches/${id}/cancel`);
  sent.end(table(CHUNK_ROWS).slice("to,name\n".length));
  expect(await answered).toMatchObject({
    status: 409,
    body: { error_code: "CONFLICT", batch_id: id },
  });
});

test("with start=streaming rows may go while others still come", async () => {
  const { sent, answered } = begin({ once: "streaming", settings: { start: "streaming" } });
  sent.write(table(CHUNK_ROWS + 100));
  expect((await newest(CHUNK_ROWS, "running"))["counts"]).toMatchObject({ queued: CHUNK_ROWS });
  sent.end();
  expect(await answered).toMatchObject({ status: 202, body: { accepted: CHUNK_ROWS + 100 } });
});

test("a process that ends tells the senders of open uploads to come again", async () => {
  await using ending = await openTestApi();
  const from = await ending.addDevice();
  const headers = { authorization: `Bearer ${ADMIN}`, ...headersOf({ once: "ending" }) };
  const query = new URLSearchParams({ from, template: HELLO }).toString();
  const sent = request(`${ending.url}/v1/batches?${query}`, { method: "POST", headers });
  sent.on("error", () => undefined);
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  sent.write(table(CHUNK_ROWS + 100));
  await expect
    .poll(async () => (await ending.ledger.listBatches({ limit: 1 })).batches[0]?.chunks)
    .toBe(1);
  const closed = ending.close();
  const [response] = await answered;
  expect(response.statusCode).toBe(503);
  expect(response.headers["retry-after"]).toBeDefined();
  sent.destroy();
  await closed;
});

test("an upload that Redis does not take any more is told to come again", async () => {
  await using away = await openTestApi();
  const from = await away.addDevice();
  const path = `/v1/batches?${new URLSearchParams({ from, template: HELLO }).toString()}`;
  const headers = { authorization: `Bearer ${ADMIN}`, ...headersOf({ once: "away" }) };
  const body = table(3 * CHUNK_ROWS);
  const sent = request(away.url + path, { method: "POST", headers });
  sent.on("error", () => undefined);
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  sent.write(body.slice(0, Math.floor((body.length * 2) / 3)));
  await expect
    .poll(async () => (await away.ledger.listBatches({ limit: 1 })).batches[0]?.chunks)
    .toBeGreaterThan(0);
  await away.store.kill9();
  sent.end(body.slice(Math.floor((body.length * 2) / 3)));
  const [response] = await answered;
  expect(response.statusCode).toBe(503);
  expect(response.headers["retry-after"]).toBeDefined();
  sent.destroy();
});
