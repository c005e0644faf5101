import type { DeviceId } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: DeviceId;
let bound: string;

beforeAll(async () => {
  api = await openTestApi({ suppression_import_limit_bytes: 200_000 });
  device = await api.addDevice();
  const own = await api.ledger.take(device, "test");
  if (own === undefined) throw new Error("the lease is taken");
  await api.ledger.changeDevice(own, { state: "connected", now: Date.now() });
  bound = api.addKey({ scopes: ["messages:send"], devices: [device], deviceId: device });
});
afterAll(() => api[Symbol.asyncDispose]());

let numbers = 0;
const someone = (): string => `551192000${String((numbers += 1)).padStart(4, "0")}`;

const add = (body: object, key?: string) =>
  api.call("POST", "/v1/suppressions", key === undefined ? { body } : { body, key });

test("a suppression is added, found however the number is written, listed and removed", async () => {
  const added = await add({ to: "+55 (11) 93000-0001", reason: "opt_out", note: "by phone" });
  expect(added).toMatchObject({ status: 200, body: { added: 1, changed: 0, already: 0 } });
  const entry = {
    to: "5511930000001",
    reason: "opt_out",
    note: "by phone",
    added_by: expect.stringMatching(/^key_/) as string,
    erased: false,
  };
  for (const written of ["5511930000001", "%2B55-11-93000-0001", "5511930000001@s.whatsapp.net"]) {
    // oxlint-disable-next-line no-await-in-loop
    const found = await api.call("GET", `/v1/suppressions/${written}`);
    expect(found, written).toMatchObject({ status: 200, body: entry });
  }
  const { body } = await api.call("GET", "/v1/suppressions?reason=opt_out&limit=1");
  expect(body).toMatchObject({ suppressions: [entry] });
  const manual = await api.call("GET", "/v1/suppressions?reason=manual");
  expect(manual.text).not.toContain(entry.to);

  const removed = await api.call("DELETE", `/v1/suppressions/${entry.to}`);
  expect(removed).toMatchObject({ status: 200, body: { to: entry.to } });
  for (const method of ["GET", "DELETE"]) {
    // oxlint-disable-next-line no-await-in-loop
    const gone = await api.call(method, `/v1/suppressions/${entry.to}`);
    expect(gone).toMatchObject({ status: 404, body: { error_code: "NOT_FOUND" } });
  }
});

test("many are added at once, each once; a repeat under the same key is answered the same", async () => {
  const list = Array.from({ length: 999 }, someone);
  const body = { to: [...list, list[0]] };
  const headers = { "idempotency-key": "many" };
  const first = await api.call("POST", "/v1/suppressions", { body, headers });
  expect(first).toMatchObject({ status: 200, body: { added: 999 } });
  const again = await api.call("POST", "/v1/suppressions", { body, headers });
  expect(again.text).toBe(first.text);
  expect((await add({ to: list })).body).toMatchObject({ added: 0, already: 999 });

  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const path: string = cursor === null ? "" : `&cursor=${cursor}`;
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const page = await api.call("GET", `/v1/suppressions?limit=300${path}`);
    for (const { to } of page.body["suppressions"] as { to: string }[]) seen.add(to);
    cursor = page.body["next_cursor"] as string | null;
  } while (cursor !== null);
  expect(list.filter((to) => !seen.has(to))).toEqual([]);
});

test.each([
  [{}, "to"],
  [{ to: "hello" }, "to"],
  [{ to: [] }, "to"],
  [{ to: ["5511999999999", 7] }, "to"],
  [{ to: "x@lid" }, "to"],
  [{ to: ["5511999999999", "7"] }, "to.1"],
  [{ to: Array.from({ length: 1_001 }, () => "5511999999999") }, "to"],
  [{ to: "5511999999999", reason: "spite" }, "reason"],
  [{ to: "5511999999999", note: "" }, "note"],
])("%j is refused on %s", async (body, field) => {
  const { status, body: told } = await add(body);
  expect(status).toBe(400);
  expect(told["validation"]).toMatchObject([{ field }]);
});

test("each dialect refuses a message to a suppressed recipient, and its key stays free", async () => {
  const to = someone();
  await add({ to });
  const says = "The recipient is on the suppression list";
  const headers = { "idempotency-key": `k${to}` };
  const native = { from: device, to: `+${to}`, text: "hello" };
  const ask = () => api.call("POST", "/v1/messages", { body: native, headers });
  expect(await ask()).toMatchObject({
    status: 422,
    body: { success: false, error: says, error_code: "RECIPIENT_SUPPRESSED" },
  });
  const wuts = await api.call("POST", "/send/text", {
    key: bound,
    body: { number: to, text: "hello" },
  });
  expect(wuts).toMatchObject({ status: 422, body: { error_code: "RECIPIENT_SUPPRESSED" } });
  const session = await api.call("POST", "/api/v1/messages/text", {
    key: bound,
    body: { to, message: "hello" },
  });
  expect(session.status).toBe(422);
  expect(session.body).toEqual({ message: says, errors: { to: [says] } });

  await api.call("DELETE", `/v1/suppressions/${to}`);
  expect(await ask()).toMatchObject({ status: 202 });
});

test("a key for certain devices sees what it added, and who opted out with these devices", async () => {
  const scopes = ["ops:read", "ops:write"] as const;
  const mine = api.addKey({ scopes, devices: [device] });
  const [theirs, ours, left] = [someone(), someone(), someone()];
  await add({ to: theirs });
  await add({ to: ours }, mine);
  const stop = { id: `S${left}`, chat: left, from: left, at: 1, kind: "text" } as const;
  await api.ledger.receive(device, stop, Date.now(), { optsOut: true });

  const seen = async (to: string): Promise<number> =>
    (await api.call("GET", `/v1/suppressions/${to}`, { key: mine })).status;
  expect(await Promise.all([theirs, ours, left].map(seen))).toEqual([404, 200, 200]);
  const { text } = await api.call("GET", "/v1/suppressions?limit=1000", { key: mine });
  expect([theirs, ours, left].map((to) => text.includes(to))).toEqual([false, true, true]);
  const removed = await api.call("DELETE", `/v1/suppressions/${theirs}`, { key: mine });
  expect(removed.status).toBe(404);
  expect(await api.ledger.findSuppression(theirs)).toBeDefined();
});

function upload(file: string | Buffer, headers: Record<string, string> = {}) {
  const body = Buffer.from(file);
  const type = { "content-type": "text/csv" };
  return api.call("POST", "/v1/suppressions/import", { body, headers: { ...type, ...headers } });
}

test("a CSV file is imported: its valid rows are on the list, the others are told by their lines", async () => {
  const [first, second, third] = [someone(), someone(), someone()];
  const file = [
    "\uFEFFPhone;reason;note",
    `+${first};opt_out;"two`,
    `lines; ""quoted"""`,
    "",
    "12345;;",
    `${second};spite;`,
    third,
    `${third};;`,
    `${first};;;surplus`,
    `${first};;"a"b`,
  ].join("\r\n");
  const imported = await upload(file);
  expect(imported.status).toBe(200);
  expect(imported.body).toMatchObject({ rows: 7, added: 2, already: 1, invalid: 4 });
  expect(imported.body["errors"]).toMatchObject([
    { line: 5, field: "to", value: "12345" },
    { line: 6, field: "reason", value: "spite" },
    { line: 9, field: "row", message: "the row has 4 cells, and there are 3 columns" },
    { line: 10, field: "row", message: "there is text after the closing quote of value 3" },
  ]);
  const entry = { reason: "opt_out", note: 'two\nlines; "quoted"' };
  expect(await api.ledger.findSuppression(first)).toMatchObject(entry);
  expect(await api.ledger.findSuppression(second)).toBeUndefined();
  expect(await api.ledger.findSuppression(third)).toMatchObject({ reason: "manual" });
});

test("a file without a header has the number first; a form may bring it; many rows take many steps", async () => {
  const list = Array.from({ length: 1_250 }, someone);
  expect((await upload(list.join("\n"))).body).toMatchObject({ rows: 1_250, added: 1_250 });
  const found = await api.ledger.suppressedOf(list, "bulk");
  expect(found.size).toBe(list.length);

  const one = someone();
  const form = [
    "--x",
    'Content-Disposition: form-data; name="file"; filename="stop.csv"',
    "",
    one,
    "--x--",
    "",
  ].join("\r\n");
  const sent = await upload(form, { "content-type": "multipart/form-data; boundary=x" });
  expect(sent.body).toMatchObject({ rows: 1, added: 1 });
});

test("the first 1000 errors are told, and all are counted", async () => {
  const file = `to\n${"x\n".repeat(1_500)}`;
  const { body } = await upload(file);
  expect(body).toMatchObject({ rows: 1_500, invalid: 1_500 });
  expect(body["errors"]).toHaveLength(1_000);
});

test.each([
  { says: "empty", file: "", status: 400, told: "the file has no rows" },
  { says: "a header only", file: "to\n", status: 400, told: "the file has no rows" },
  { says: "an unknown column", file: "to,age\n", status: 400, told: "must name the columns" },
  { says: "no UTF-8", file: Buffer.from([0x35, 0xff, 0xfe]), status: 400, told: "UTF-8" },
  { says: "an open quote", file: 'to\n"5511', status: 400, told: "never closed" },
  { says: "a long row", file: `to\n${"5".repeat(5_000)}`, status: 400, told: "longer than 4096" },
  { says: "too large", file: "5511999999999\n".repeat(20_000), status: 413, told: "larger than" },
])("a file that is wrong ($says) is refused", async ({ file, status, told }) => {
  const refused = await upload(file);
  expect(refused.status).toBe(status);
  expect(refused.text).toContain(told);
});

test("what is no CSV is refused by its type", async () => {
  const wrong: readonly Record<string, string>[] = [
    { "content-type": "application/json" },
    { "content-encoding": "gzip" },
  ];
  for (const headers of wrong) {
    // oxlint-disable-next-line no-await-in-loop
    const refused = await upload("5511999999999", headers);
    expect(refused).toMatchObject({ status: 415, body: { error_code: "UNSUPPORTED_MEDIA_TYPE" } });
  }
});
