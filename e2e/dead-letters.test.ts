import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
/** A recipient that no other test writes to. */
const someone = () => `55119200${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());
beforeEach(() => pombo.control("DELETE", "/admin/faults"));

interface Letter {
  readonly effect: string;
  readonly text: string;
  readonly history: readonly { readonly attempt: number; readonly error_code: string | null }[];
}

/** A message that WhatsApp refuses for good. */
async function deadLetter(to: string): Promise<string> {
  await pombo.fault("message", { nack: 400 }, { match: { to } });
  const id = await pombo.send(to, "refused");
  expect((await pombo.until(id, settled)).status).toBe("failed");
  return id;
}

test("a dead letter is read, edited and redriven by the API, and arrives under its id", async () => {
  const to = someone();
  const id = await deadLetter(to);
  const letter = await pombo.api<Letter>("GET", `/v1/dead-letters/${id}`);
  expect(letter.body).toMatchObject({
    effect: "none",
    text: "refused",
    history: [{ attempt: 1, error_code: "SEND_REJECTED" }],
  });
  const path = `/v1/dead-letters/${id}/redrive`;
  const redriven = await pombo.api("POST", path, { text: "better" });
  expect(redriven).toMatchObject({ status: 202, body: { message_id: id, replaces: null } });
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 });
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, text: "better", copies: 1 }]);
  expect((await pombo.api("GET", `/v1/dead-letters/${id}`)).status).toBe(404);
});

test("one that may have arrived is edited only with consent, and then is a second message", async () => {
  const to = someone();
  await pombo.control("POST", `/admin/phones/${to}/settings`, {
    delivery_receipts: false,
    read_receipts: false,
  });
  await pombo.fault("message", "no_ack", { match: { to }, times: 10 });
  const id = await pombo.send(to, "silence");
  expect(await pombo.until(id, settled, 40_000)).toMatchObject({
    last_error: { error_code: "OUTCOME_UNKNOWN" },
  });
  await pombo.control("DELETE", "/admin/faults");
  const path = `/v1/dead-letters/${id}/redrive`;
  expect((await pombo.api("POST", path, { text: "again" })).status).toBe(409);
  const consent = { text: "again", accept_duplicate: true };
  const anew = await pombo.api<{ message_id: string }>("POST", path, consent);
  expect(anew).toMatchObject({ status: 202, body: { replaces: id } });
  await pombo.until(anew.body.message_id, ({ status }) => status === "sent");
  expect((await pombo.phoneMessages(to)).map(({ text }) => text)).toEqual(["silence", "again"]);
});

test("in bulk: an operation redrives what failed of one device, by the workers", async () => {
  const recipients = Array.from({ length: 5 }, someone);
  const ids: string[] = [];
  for (const to of recipients) {
    // oxlint-disable-next-line no-await-in-loop -- each fault is for one recipient
    ids.push(await deadLetter(to));
  }
  const groups = await pombo.api("GET", "/v1/dead-letters/groups");
  expect(groups.body).toMatchObject({ by_code: [{ error_code: "SEND_REJECTED", count: 5 }] });
  const filter = { code: "SEND_REJECTED", device_id: pombo.ready.device_id };
  const begun = await pombo.api<{ operation_id: string }>("POST", "/v1/dead-letters/redrive", {
    filter,
  });
  expect(begun.status).toBe(202);
  const operation = () => pombo.api("GET", `/v1/operations/${begun.body.operation_id}`);
  await expect
    .poll(async () => (await operation()).body["state"], { timeout: 10_000 })
    .toBe("done");
  expect((await operation()).body).toMatchObject({ total: 5, done: 5, failed: 0, skipped: 0 });
  for (const [index, id] of ids.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.phoneMessages(recipients[index] ?? "")).toMatchObject([{ id, copies: 1 }]);
  }
});

test("a failure within the wait is final: no letter, and the next try is a new message that arrives", async () => {
  const to = someone();
  await pombo.fault("message", { nack: 400 }, { match: { to } });
  const body = { from: pombo.ready.device_id, to, text: "once" };
  const headers = { "idempotency-key": `final-${to}`, prefer: "wait=20" };
  const send = () => pombo.api<{ message_id: string }>("POST", "/v1/messages", body, headers);
  const first = await send();
  expect(first).toMatchObject({ status: 422, body: { error_code: "SEND_REJECTED" } });
  const { message_id: id } = first.body;
  expect((await pombo.api("GET", `/v1/dead-letters/${id}`)).status).toBe(404);
  const second = await send();
  expect(second.status).toBe(200);
  expect(second.body.message_id).not.toBe(id);
  expect(await pombo.phoneMessages(to)).toMatchObject([{ text: "once", copies: 1 }]);
});
