import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { SCOPES } from "@pombo/contract";
import { type BatchId, CHUNK_ROWS, type DeviceId, rowMessageId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const numberOf = (row: number): string => String(5_511_900_000_000 + row);

/** A batch on a device of its own, and how to ask for it. */
async function setup(count = 5, over: Readonly<Record<string, unknown>> = {}) {
  const device = await api.addDevice();
  const rows = Array.from({ length: count }, (_, at) => ({
    to: numberOf(at + 1),
    text: `hello ${at + 1}`,
    client_ref: `${device}-${at + 1}`,
  }));
  const body = { from: device, rows, ...over };
  const made = await api.call("POST", "/v1/batches", { body });
  expect(made.status, made.text).toBe(202);
  const id = made.body["batch_id"] as BatchId;
  const get = async (path = "", key?: string) =>
    api.call("GET", `/v1/batches/${id}${path}`, key === undefined ? {} : { key });
  const steer = (wish: string) => api.call("POST", `/v1/batches/${id}/${wish}`);
  return { device, id, get, steer, keyFor: keyOf };
}

function keyOf(devices: "*" | readonly DeviceId[]): string {
  return api.addKey({ scopes: SCOPES, devices });
}

test("batches are listed newest first, by sender and status, and page by page", async () => {
  const { device, id: first, steer } = await setup();
  const body = { from: device, rows: [{ to: numberOf(1), text: "a" }] };
  const ids: unknown[] = [first];
  for (let made = 0; made < 3; made += 1)
    // oxlint-disable-next-line no-await-in-loop -- in their order
    ids.unshift((await api.call("POST", "/v1/batches", { body })).body["batch_id"]);
  const idsOf = async (query: string, key = ADMIN) => {
    const page = await api.call("GET", `/v1/batches?from=${device}${query}`, { key });
    const listed = page.body["batches"] as { batch_id: string }[];
    const next = page.body["next_cursor"] as string | null;
    return { ids: listed.map((one) => one.batch_id), next };
  };
  expect(new Set((await idsOf("")).ids)).toEqual(new Set(ids));
  const walked: string[] = [];
  for (let query = "&limit=2"; query !== "";) {
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const page = await idsOf(query);
    walked.push(...page.ids);
    query = page.next === null ? "" : `&limit=2&cursor=${page.next}`;
  }
  expect(walked).toHaveLength(4);
  expect(new Set(walked)).toEqual(new Set(ids));
  await steer("cancel");
  expect((await idsOf("&status=canceled")).ids).toEqual([first]);
  expect((await idsOf("", keyOf([await api.addDevice()]))).ids).toEqual([]);
  expect((await idsOf("", keyOf([device]))).ids).toHaveLength(4);
});

test("a batch is paused, goes on, and is canceled; then it can't be steered any more", async () => {
  const { get, steer } = await setup();
  expect((await get()).body).toMatchObject({ status: "running" });
  expect(await steer("pause")).toMatchObject({ status: 200, body: { status: "paused" } });
  expect(await steer("pause")).toMatchObject({ status: 200, body: { status: "paused" } });
  expect(await steer("resume")).toMatchObject({ status: 200, body: { status: "running" } });
  expect(await steer("cancel")).toMatchObject({
    status: 200,
    body: { status: "canceled", counts: { accepted: 5, queued: 0, canceled: 5 } },
  });
  expect(await steer("cancel")).toMatchObject({ status: 200, body: { status: "canceled" } });
  expect(await steer("resume")).toMatchObject({
    status: 409,
    body: { error_code: "CONFLICT", error: "The batch has ended: it is canceled" },
  });
});

test("its rows are messages from the beginning: in its pages, in the list of messages, and one by one", async () => {
  const { id, get, device } = await setup(CHUNK_ROWS + 3);
  const ids = Array.from({ length: CHUNK_ROWS + 3 }, (_, at) => rowMessageId(id, at + 1));
  const page = (await get(`/messages?limit=2&cursor=${CHUNK_ROWS - 1}`)).body;
  expect(page).toMatchObject({
    messages: [
      { row: CHUNK_ROWS, message_id: ids[CHUNK_ROWS - 1], status: "queued", device_id: device },
      {
        row: CHUNK_ROWS + 1,
        message_id: ids[CHUNK_ROWS],
        chat_jid: `${numberOf(CHUNK_ROWS + 1)}@s.whatsapp.net`,
        client_ref: `${device}-${CHUNK_ROWS + 1}`,
        error_code: null,
      },
    ],
    next_cursor: String(CHUNK_ROWS + 1),
  });
  expect((await get("/messages?status=failed")).body).toMatchObject({
    messages: [],
    next_cursor: null,
  });
  const list = await api.call("GET", `/v1/messages?batch_id=${id}&to=${numberOf(502)}`);
  expect(list.body["messages"]).toMatchObject([{ message_id: ids[501], kind: "text" }]);
  const one = await api.call("GET", `/v1/messages/${String(ids[501])}`);
  expect(one).toMatchObject({ status: 200, body: { status: "queued", attempts: 0 } });
  const absent = await api.call("GET", "/v1/messages?batch_id=bat_00000000000");
  expect(absent).toMatchObject({ status: 404, body: { error_code: "BATCH_NOT_FOUND" } });
});

test("its results are a table that a spreadsheet can open without harm", async () => {
  const { device, id, get } = await setup(2);
  const body = {
    from: device,
    rows: [{ to: numberOf(1), text: "a", client_ref: '=cmd|"/c calc"!A1' }],
  };
  const odd = await api.call("POST", "/v1/batches", { body });
  const table = await get("/results.csv");
  expect(table.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(table.headers.get("content-disposition")).toBe(`attachment; filename="${id}.csv"`);
  expect(table.text.split("\r\n")).toEqual([
    "row,message_id,to,client_ref,status,error_code,device_id,sent_at,delivered_at,read_at,failed_at",
    `1,${rowMessageId(id, 1)},${numberOf(1)},${device}-1,queued,,${device},,,,`,
    `2,${rowMessageId(id, 2)},${numberOf(2)},${device}-2,queued,,${device},,,,`,
    "",
  ]);
  const other = await api.call("GET", `/v1/batches/${String(odd.body["batch_id"])}/results.csv`);
  expect(other.text).toContain(`,"'=cmd|""/c calc""!A1",`);
});

test("results are read no faster than their client takes them, and end with it", async () => {
  let pages = 0;
  // A batch without an end.
  await using endless = await openTestApi({}, (ledger) => ({
    async batchRows(batch, page) {
      pages += 1;
      const { rows } = await ledger.batchRows(batch, { after: 0, limit: page.limit });
      return { rows, next: page.after + 1 };
    },
  }));
  const from = await endless.addDevice();
  const rows = Array.from({ length: CHUNK_ROWS }, () => ({ to: numberOf(1), text: "a" }));
  const made = await endless.call("POST", "/v1/batches", { body: { from, rows } });
  const asked = request(`${endless.url}/v1/batches/${String(made.body["batch_id"])}/results.csv`, {
    headers: { authorization: `Bearer ${ADMIN}` },
  }).end();
  asked.on("error", () => undefined);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.pause();
  response.on("error", () => undefined);
  let before = -1;
  const rests = (): boolean => {
    const same = pages === before;
    before = pages;
    return same;
  };
  await expect.poll(rests, { interval: 200, timeout: 15_000 }).toBe(true);
  asked.destroy();
  const ended = (): boolean =>
    endless.lines.some(({ fields }) => fields["route"] === "/v1/batches/:id/results.csv");
  await expect.poll(ended, { interval: 10 }).toBe(true);
});

test("a batch has a name for people, and tells what stops its devices", async () => {
  const { device, get } = await setup(5, { name: "Spring offer" });
  expect((await get()).body).toMatchObject({ name: "Spring offer" });
  expect((await get("/lanes")).body["lanes"]).toMatchObject([
    {
      device_id: device,
      waiting: 5,
      held: 0,
      blocked_by: "device_offline",
      blocked_since: expect.any(String),
      until: null,
    },
  ]);
});

test("what a key may not see is as if absent", async () => {
  const { get } = await setup();
  const key = keyOf([await api.addDevice()]);
  for (const path of ["", "/messages", "/errors", "/errors.csv", "/lanes", "/results.csv"])
    // oxlint-disable-next-line no-await-in-loop
    expect(await get(path, key)).toMatchObject({
      status: 404,
      body: { error_code: "BATCH_NOT_FOUND" },
    });
});

test("dead letters are found, counted and redriven by batch and code", async () => {
  const { id, device } = await setup();
  const own = await api.ledger.take(device, "test");
  if (own === undefined) throw new Error("the lease is taken");
  const now = Date.now();
  for (const [row, code] of [
    [1, "SEND_FAILED"],
    [2, "SEND_REJECTED"],
    [3, "SEND_FAILED"],
  ] as const) {
    const message = rowMessageId(id, row);
    const content = { kind: "text", text: "hello" } as const;
    const rest = { priority: "bulk", keyId: "key_0", at: now } as const;
    // oxlint-disable-next-line no-await-in-loop -- as a draw would make it
    await api.ledger.accept({
      id: message,
      deviceId: device,
      recipient: numberOf(row),
      content,
      ...rest,
    });
    const failure = { code, detail: "" };
    // oxlint-disable-next-line no-await-in-loop
    await api.ledger.settle(own, message, { to: "failed", now, failure, count: 1 });
  }
  const single = await api.addLetter();
  const list = await api.call("GET", `/v1/dead-letters?batch_id=${id}&code=SEND_FAILED`);
  const listed = list.body["dead_letters"] as { message_id: string }[];
  expect(new Set(listed.map((one) => one.message_id))).toEqual(
    new Set([rowMessageId(id, 1), rowMessageId(id, 3)]),
  );
  const groups = (await api.call("GET", "/v1/dead-letters/groups")).body;
  expect(groups["by_batch"]).toMatchObject([{ batch_id: id, count: 3 }]);
  const filter = { batch_id: id, code: "SEND_FAILED" };
  const begun = await api.call("POST", "/v1/dead-letters/redrive", { body: { filter } });
  const operation = String(begun.body["operation_id"]);
  const step = { owner: "w#1", now: Date.now() };
  // oxlint-disable-next-line no-await-in-loop -- step by step
  while ((await api.ledger.stepOperation(operation, step)) === "running");
  expect((await api.call("GET", `/v1/operations/${operation}`)).body).toMatchObject({
    state: "done",
    filter,
    done: 2,
    skipped: 2,
  });
  expect(await api.ledger.isLetter(single.id)).toBe(true);
  const wrong = await api.call("GET", "/v1/dead-letters?batch_id=7");
  expect(wrong.body).toMatchObject({ validation: [{ field: "batch_id" }] });
});

test("a batch may be sent from a pool; its rows have a device when they are drawn", async () => {
  const devices = [await api.addDevice(), await api.addDevice()];
  const pool = await api.call("POST", "/v1/pools", { body: { name: "pair", devices } });
  const from = String(pool.body["pool_id"]);
  const body = { from, rows: [{ to: numberOf(1), text: "a" }] };
  const made = await api.call("POST", "/v1/batches", { body });
  expect(made).toMatchObject({ status: 202, body: { accepted: 1 } });
  const path = `/v1/batches/${String(made.body["batch_id"])}`;
  const message = rowMessageId(made.body["batch_id"] as BatchId, 1);
  const [both, one] = [keyOf(devices), keyOf(devices.slice(0, 1))];
  const page = await api.call("GET", `${path}/messages`, { key: both });
  expect(page.body["messages"]).toMatchObject([{ message_id: message, device_id: null }]);
  const read = await api.call("GET", `/v1/messages/${message}`, { key: both });
  expect(read, read.text).toMatchObject({ status: 200, body: { device_id: null } });
  expect((await api.call("GET", path, { key: one })).status).toBe(404);
  expect((await api.call("GET", `/v1/messages/${message}`, { key: one })).status).toBe(404);
  const poll = async (key: string) =>
    (await api.call("POST", "/v1/messages/status", { key, body: { ids: [message] } })).body;
  expect((await poll(both))["messages"]).toMatchObject([{ status: "queued" }]);
  expect((await poll(one))["messages"]).toEqual([null]);
  const list = await api.call("GET", `/v1/messages?batch_id=${path.split("/").at(-1)}`);
  expect(list.body["messages"]).toMatchObject([{ message_id: message, device_id: null }]);
  expect((await api.call("POST", "/v1/batches", { body, key: one })).status).toBe(404);
  const cancel = (key: string) => api.call("POST", `/v1/messages/${message}/cancel`, { key });
  expect((await cancel(one)).status).toBe(404);
  expect(await cancel(both)).toMatchObject({ status: 200, body: { status: "canceled" } });
});
