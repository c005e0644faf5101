import type { DeviceId, MediaId, MessageId } from "@pombo/domain";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeEach(async () => {
  api = await openTestApi();
});
afterEach(() => api[Symbol.asyncDispose]());

const list = async (query = "", key?: string) =>
  (await api.call("GET", `/v1/dead-letters${query}`, key === undefined ? {} : { key })).body;
const idsOf = (body: Readonly<Record<string, unknown>>): unknown[] =>
  (body["dead_letters"] as { message_id: string }[]).map(({ message_id: id }) => id);
const redrive = (id: string, body?: object) =>
  api.call("POST", `/v1/dead-letters/${id}/redrive`, body === undefined ? {} : { body });
const message = async (id: string) => (await api.call("GET", `/v1/messages/${id}`)).body;

/** Does as a worker does, until nothing runs. */
async function work(): Promise<void> {
  for (const id of await api.ledger.runningOperations(10))
    // oxlint-disable-next-line no-await-in-loop -- step by step
    while ((await api.ledger.stepOperation(id, { owner: "w#1", now: Date.now() })) === "running");
}

test("letters are listed, newest first, by code, device and time, and page by page", async () => {
  const now = Date.now();
  const [old, refused, left] = [
    await api.addLetter({ at: now - 5_000 }),
    await api.addLetter({ at: now - 1_000, code: "SEND_REJECTED" }),
    await api.addLetter({ at: now, code: "OUTCOME_UNKNOWN", left: true }),
  ];
  const all = await list();
  expect(all["dead_letters"]).toMatchObject([
    { message_id: left.id, error_code: "OUTCOME_UNKNOWN", effect: "possible" },
    { message_id: refused.id, error_code: "SEND_REJECTED", effect: "none" },
    {
      message_id: old.id,
      device_id: old.deviceId,
      effect: "none",
      attempts: 1,
      client_ref: "order 7",
      chat_jid: "5511999999999@s.whatsapp.net",
      failed_at: new Date(now - 5_000).toISOString(),
    },
  ]);
  expect(all["next_cursor"]).toBeNull();
  expect(idsOf(await list("?code=SEND_REJECTED"))).toEqual([refused.id]);
  expect(idsOf(await list(`?device_id=${old.deviceId}`))).toEqual([old.id]);
  const since = new Date(now - 2_000).toISOString();
  expect(idsOf(await list(`?since=${since}`))).toEqual([left.id, refused.id]);
  const key = api.addKey({ scopes: ["ops:read"], devices: [old.deviceId] });
  expect(idsOf(await list("", key))).toEqual([old.id]);

  const walked: unknown[] = [];
  for (let query = "?limit=1"; query !== "";) {
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const page = await list(query);
    walked.push(...idsOf(page));
    const next = page["next_cursor"] as string | null;
    query = next === null ? "" : `?limit=1&cursor=${next}`;
  }
  expect(walked).toEqual([left.id, refused.id, old.id]);
});

test.each([
  ["code", "?code=NONSENSE"],
  ["since", "?since=yesterday"],
  ["cursor", "?cursor=x"],
  ["limit", "?limit=201"],
])("a wrong %s is refused", async (field, query) => {
  expect(await list(query)).toMatchObject({
    error_code: "VALIDATION_ERROR",
    validation: [{ field }],
  });
});

test("letters are counted by code and by device", async () => {
  const at = Date.now();
  const { deviceId } = await api.addLetter({ at });
  await api.addLetter({ at: at + 10, deviceId });
  await api.addLetter({ at, code: "SEND_REJECTED" });
  const { body } = await api.call("GET", "/v1/dead-letters/groups");
  const two = {
    count: 2,
    oldest: new Date(at).toISOString(),
    newest: new Date(at + 10).toISOString(),
  };
  expect(body).toMatchObject({
    total: 3,
    scanned: 3,
    partial: false,
    by_code: [
      { error_code: "SEND_FAILED", ...two },
      { error_code: "SEND_REJECTED", count: 1 },
    ],
    by_device: [{ device_id: deviceId, ...two }, { count: 1 }],
  });
});

test("letters are grouped by cause, for a filter, and by what came after a cursor", async () => {
  const at = Date.now();
  const { deviceId } = await api.addLetter({ at, code: "SEND_FAILED" });
  await api.addLetter({ at: at + 1, code: "SEND_FAILED", left: true });
  const newest = await api.addLetter({ at: at + 2, code: "OUTCOME_UNKNOWN", left: true });
  const groups = async (query: string) =>
    (await api.call("GET", `/v1/dead-letters/groups?${query}`)).body;
  const all = await groups("");
  expect(all).toMatchObject({ cursor: `${at + 2}.${newest.id}` });
  expect(all["by_cause"]).toMatchObject([
    { error_code: "OUTCOME_UNKNOWN", effect: "possible", count: 1, possible: 1, devices: 1 },
    { error_code: "SEND_FAILED", effect: "possible", count: 1, batches: 0 },
    { error_code: "SEND_FAILED", effect: "none", count: 1, possible: 0 },
  ]);
  expect(await groups(`device_id=${deviceId}`)).toMatchObject({ by_cause: [{ count: 1 }] });
  expect((await groups("effect=possible"))["by_cause"]).toHaveLength(2);
  await api.addLetter({ at: at + 3 });
  expect(await groups(`after=${String(all["cursor"])}`)).toMatchObject({
    scanned: 1,
    partial: false,
    by_cause: [{ error_code: "SEND_FAILED", effect: "none", count: 1 }],
  });
});

test("whoever sees certain devices only learns of no letter of another one", async () => {
  const at = Date.now();
  const own = await api.addLetter({ at });
  const other = await api.addLetter({ at: at + 1 });
  const groupsOf = async (deviceId: DeviceId) => {
    const key = api.addKey({ scopes: ["ops:read"], devices: [deviceId] });
    return await api.call("GET", "/v1/dead-letters/groups", { key });
  };
  const seen = await groupsOf(own.deviceId);
  expect(seen.body).toMatchObject({ cursor: `${at}.${own.id}`, by_code: [{ count: 1 }] });
  const nothing = await groupsOf(await api.addDevice());
  expect(nothing.body).toMatchObject({ cursor: null, by_code: [] });
  for (const { text } of [seen, nothing]) expect(text).not.toContain(other.id);
});

test("in bulk: up to the cursor that was looked at, and only what can't have arrived", async () => {
  const at = Date.now();
  const safe = await api.addLetter({ at });
  const left = await api.addLetter({ at: at + 1, left: true });
  const { body } = await api.call("GET", "/v1/dead-letters/groups?code=SEND_FAILED&effect=none");
  const later = await api.addLetter({ at: at + 2 });
  const begun = await api.call("POST", "/v1/dead-letters/redrive", {
    body: { filter: { code: "SEND_FAILED", effect: "none" }, until: body["cursor"] },
  });
  await work();
  const path = `/v1/operations/${String(begun.body["operation_id"])}`;
  expect((await api.call("GET", path)).body).toMatchObject({
    filter: { code: "SEND_FAILED", effect: "none" },
    state: "done",
    total: 2,
    done: 1,
    skipped: 1,
  });
  expect(idsOf(await list())).toEqual([later.id, left.id]);
  expect((await message(safe.id))["status"]).toBe("queued");
});

test("a letter shows its message, its text and what was tried", async () => {
  const { id } = await api.addLetter({ text: "olá" });
  const { status, body } = await api.call("GET", `/v1/dead-letters/${id}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    message_id: id,
    status: "failed",
    text: "olá",
    effect: "none",
    last_error: { error_code: "SEND_FAILED" },
    history: [{ attempt: 1, status: "failed", error_code: "SEND_FAILED" }],
  });
  const other = api.addKey({ scopes: ["ops:read"], devices: ["dev_other0000"] });
  expect((await api.call("GET", `/v1/dead-letters/${id}`, { key: other })).status).toBe(404);
});

test("redriven: the same id, with the new text, once", async () => {
  const { id } = await api.addLetter();
  expect(await redrive(id, { text: "better" })).toMatchObject({
    status: 202,
    body: { success: true, message_id: id, status: "queued", replaces: null },
  });
  expect((await api.ledger.findMessage(id))?.content).toEqual({ kind: "text", text: "better" });
  expect(await redrive(id)).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
  expect((await api.call("GET", `/v1/dead-letters/${id}`)).status).toBe(404);
  expect((await redrive("3EB0000000000000000000")).status).toBe(404);
  expect((await redrive(id, { text: "" })).status).toBe(400);
});

test("one that may have left goes on under its id; an edit of it needs consent, and is a new message", async () => {
  const plain = await api.addLetter({ code: "OUTCOME_UNKNOWN", left: true });
  expect(await redrive(plain.id, { accept_duplicate: true })).toMatchObject({
    status: 202,
    body: { message_id: plain.id, status: "unknown", replaces: null },
  });
  const { id } = await api.addLetter({ code: "OUTCOME_UNKNOWN", left: true });
  const refused = await redrive(id, { text: "better" });
  expect(refused).toMatchObject({ status: 409, body: { error_code: "CONFLICT", message_id: id } });
  expect(refused.body["error"]).toContain("accept_duplicate");
  const anew = await redrive(id, { text: "better", accept_duplicate: true });
  expect(anew).toMatchObject({ status: 202, body: { status: "queued", replaces: id } });
  const heir = String(anew.body["message_id"]) as MessageId;
  expect(heir).not.toBe(id);
  expect(await api.ledger.findMessage(heir)).toMatchObject({
    content: { kind: "text", text: "better" },
    clientRef: "order 7",
  });
  expect(await api.ledger.isLetter(id)).toBe(false);
  // The answer was lost, the client asks again.
  const again = await redrive(id, { text: "better", accept_duplicate: true });
  expect(again).toMatchObject({ status: 202, body: { message_id: heir, replaces: id } });
});

test.each(["before the acceptance", "before the letter is discarded"])(
  "a death %s: the repeat goes on with the same new id",
  async (when) => {
    let dies = true;
    const die = (): never => {
      dies = false;
      throw new Error("killed");
    };
    await api[Symbol.asyncDispose]();
    api = await openTestApi({}, (ledger) => ({
      accept: (...args) =>
        dies && when === "before the acceptance" ? die() : ledger.accept(...args),
      discardLetter: (id) => (dies ? die() : ledger.discardLetter(id)),
    }));
    dies = false;
    const { id } = await api.addLetter({ code: "OUTCOME_UNKNOWN", left: true });
    dies = true;
    const body = { text: "better", accept_duplicate: true };
    expect((await redrive(id, body)).status).toBe(500);
    const named = await api.redis.hget(`{pombo:c0}:message:${id}`, "heir");
    expect(await redrive(id, body)).toMatchObject({
      status: 202,
      body: { message_id: named, replaces: id },
    });
    const others = (await api.redis.keys("*:message:*")).filter((key) => !key.endsWith(id));
    expect(others).toHaveLength(1);
  },
);

test("redriven with another file: by its address, or by its id; its words stay", async () => {
  const media = { id: "med_0123456789abcdef" as MediaId, url: "http://example.com/gone.png" };
  const content = { kind: "image", media, caption: "look", mimeType: "image/gif" } as const;
  const { id } = await api.addLetter({ content, code: "MEDIA_UNACCEPTABLE" });
  for (const [body, field] of [
    [{ url: "ftp://example.com" }, "url"],
    [{ url: "http://example.com/a.png", media_id: "med_0" }, "media_id"],
    [{ text: "x".repeat(1_025) }, "text"],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await redrive(id, body)).toMatchObject({
      status: 400,
      body: { error_code: "VALIDATION_ERROR", validation: [{ field }] },
    });
  expect(await redrive(id, { media_id: "med_0123456789abcdef" })).toMatchObject({
    status: 422,
    body: { error_code: "MEDIA_UNACCEPTABLE", message_id: id },
  });
  const url = "http://example.com/there.png";
  expect(await redrive(id, { url })).toMatchObject({ status: 202, body: { message_id: id } });
  const now = (await api.ledger.findMessage(id))?.content;
  expect(now).toEqual({ kind: "image", media: { id: expect.anything(), url }, caption: "look" });
  expect(now).not.toMatchObject({ media: { id: media.id } });

  const text = await api.addLetter();
  expect(await redrive(text.id, { url })).toMatchObject({
    status: 400,
    body: { validation: [{ field: "url" }] },
  });
});

test("one that may have left under another phone number is redriven only as a new message", async () => {
  const { id, deviceId } = await api.addLetter({ code: "OUTCOME_UNKNOWN", left: true });
  await api.redis.hset(`{pombo:c0}:device:${deviceId}`, "gen", 2);
  const refused = await redrive(id);
  expect(refused.status).toBe(409);
  expect(refused.body["error"]).toContain("phone number");
  expect((await redrive(id, { accept_duplicate: true })).body).toMatchObject({
    status: "queued",
    replaces: id,
  });
});

test("discarded: no letter any more, still a message", async () => {
  const { id } = await api.addLetter();
  const discard = () => api.call("POST", `/v1/dead-letters/${id}/discard`);
  expect(await discard()).toMatchObject({ status: 200, body: { success: true, message_id: id } });
  expect(await discard()).toMatchObject({ status: 409, body: { error_code: "CONFLICT" } });
  expect((await message(id))["status"]).toBe("failed");
});

test("in bulk: an operation with its progress; what failed later is not swept in", async () => {
  const letters = await Promise.all([1, 2, 3].map(() => api.addLetter()));
  const refused = await api.addLetter({ code: "SEND_REJECTED" });
  const body = { filter: { code: "SEND_FAILED" } };
  const begun = await api.call("POST", "/v1/dead-letters/redrive", { body });
  expect(begun.status).toBe(202);
  const path = `/v1/operations/${String(begun.body["operation_id"])}`;
  expect((await api.call("GET", path)).body).toMatchObject({
    kind: "redrive",
    state: "running",
    filter: { code: "SEND_FAILED", device_id: null, since: null },
    total: 4,
    done: 0,
    finished_at: null,
  });
  const later = await api.addLetter({ at: Date.now() + 1_000 });
  await work();
  expect((await api.call("GET", path)).body).toMatchObject({
    state: "done",
    total: 4,
    done: 3,
    failed: 0,
    skipped: 1,
    finished_at: expect.any(String),
  });
  for (const { id } of letters) expect((await message(id))["status"]).toBe("queued");
  expect(idsOf(await list())).toEqual([later.id, refused.id]);
  const stranger = api.addKey({ scopes: ["ops:read"], devices: ["dev_other0000"] });
  expect((await api.call("GET", path, { key: stranger })).status).toBe(404);
});

test("in bulk, with consent: chosen ones that may have left go as new messages; a death in between doubles nothing", async () => {
  const at = Date.now();
  const plain = await api.addLetter({ at });
  const left = await api.addLetter({
    at: at + 1,
    code: "OUTCOME_UNKNOWN",
    left: true,
    text: "twice?",
  });
  const other = await api.addLetter({ at: at + 2, code: "OUTCOME_UNKNOWN", left: true });
  const ids = [plain.id, left.id];
  const body = { filter: { ids }, accept_duplicate: true };
  const begun = await api.call("POST", "/v1/dead-letters/redrive", { body });
  const { operation_id: operation } = begun.body;
  const running = await api.call("GET", "/v1/operations");
  expect(running.body).toMatchObject({
    operations: [{ operation_id: operation, kind: "redrive" }],
  });
  await work();
  // Another worker, which has not heard that it was counted, does it again.
  await api.redis.sadd(`{pombo:c0}:anew:${String(operation)}`, left.id);
  await api.redis.hset(`{pombo:c0}:operation:${String(operation)}`, "state", "running");
  await api.redis.zadd("{pombo:c0}:operations", 1, String(operation));
  await work();
  expect((await api.call("GET", `/v1/operations/${String(operation)}`)).body).toMatchObject({
    state: "done",
    failed: 0,
  });
  expect(idsOf(await list())).toEqual([other.id]);
  expect((await message(plain.id))["status"]).toBe("queued");
  expect((await message(left.id))["status"]).toBe("failed");
  const sent = await api.call("GET", `/v1/messages?device_id=${left.deviceId}`);
  const all = sent.body["messages"] as { message_id: string; status: string }[];
  expect(all.map(({ status }) => status)).toEqual(["queued", "failed"]);
  expect(await message(all[0]?.message_id ?? "")).toMatchObject({ text: "twice?" });
  expect((await api.call("GET", "/v1/operations")).body).toMatchObject({ operations: [] });
});

test.each([
  ["all", {}],
  ["filter.ids", { filter: { ids: [] } }],
  ["all", { filter: {} }],
  ["all", { all: false }],
  ["filter.code", { filter: { code: "X" } }],
  ["filter.cod", { filter: { cod: "X" } }],
])("a bulk action must say %s: %j is refused", async (field, body) => {
  const answer = await api.call("POST", "/v1/dead-letters/discard", { body });
  expect(answer).toMatchObject({ status: 400, body: { error_code: "VALIDATION_ERROR" } });
  expect(answer.body["validation"]).toContainEqual(expect.objectContaining({ field }));
});

test("the same Idempotency-Key begins one operation", async () => {
  await api.addLetter();
  const headers = { "idempotency-key": "bulk" };
  const discard = () =>
    api.call("POST", "/v1/dead-letters/discard", { body: { all: true }, headers });
  const [first, second] = [await discard(), await discard()];
  expect(second.text).toBe(first.text);
  expect(await api.ledger.runningOperations(10)).toHaveLength(1);
  await work();
  expect(await api.ledger.countLetters()).toBe(0);
});
