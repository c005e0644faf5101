import { afterAll, beforeAll, expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
/** A recipient that no other test writes to. */
const someone = () => `55119300${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());

interface Told {
  readonly type: string;
  readonly data: { readonly to?: string; readonly reason?: string };
}

/** Writes to the sandbox device, and waits until the list has it. */
async function writeStop(from: string): Promise<Told | undefined> {
  const now = await pombo.api<{ next: string }>("GET", "/v1/events?after=now");
  const written = { to: pombo.ready.phone, text: " Sair " };
  await pombo.control("POST", `/admin/phones/${from}/messages`, written);
  const query = `after=${now.body.next}&type=suppression.added&wait=20`;
  const { body } = await pombo.api<{ events: readonly Told[] }>("GET", `/v1/events?${query}`);
  return body.events[0];
}

const lane = (what: "pause" | "resume") =>
  pombo.api("POST", `/v1/devices/${pombo.ready.device_id}/lane/${what}`);

test("who writes a keyword gets nothing more but one-time passwords, also of what waits already", async () => {
  const to = someone();
  await lane("pause");
  const waiting = await pombo.send(to, "an offer");
  const otp = await pombo.send(to, "123456", { priority: "otp" });
  expect(await writeStop(to)).toMatchObject({
    type: "suppression.added",
    data: { to, reason: "opt_out" },
  });
  await lane("resume");
  expect(await pombo.until(waiting, settled)).toMatchObject({
    status: "failed",
    attempts: 0,
    last_error: { error_code: "RECIPIENT_SUPPRESSED" },
  });
  expect(await pombo.until(otp, settled)).toMatchObject({ status: "read" });
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id: otp, text: "123456" }]);

  const message = { from: pombo.ready.device_id, to, text: "another offer" };
  const refused = await pombo.api("POST", "/v1/messages", message);
  expect(refused).toMatchObject({ status: 422, body: { error_code: "RECIPIENT_SUPPRESSED" } });

  await pombo.api("DELETE", `/v1/suppressions/${to}`);
  const again = await pombo.send(to, "welcome back");
  expect(await pombo.until(again, settled)).toMatchObject({ status: "read" });
});

test("a message that waits is stopped by hand, one-time passwords too; what is sent can be taken back", async () => {
  const to = someone();
  const sent = await pombo.send(to, "too early");
  await pombo.until(sent, settled);
  await lane("pause");
  const otp = await pombo.send(to, "123456", { priority: "otp" });
  await pombo.api("POST", "/v1/suppressions", { to, note: "asked by phone" });
  await lane("resume");
  expect(await pombo.until(otp, settled)).toMatchObject({
    status: "failed",
    last_error: { error_code: "RECIPIENT_SUPPRESSED" },
  });
  const takesBack = await pombo.api<{ message_id: string }>("DELETE", `/v1/messages/${sent}`);
  expect(takesBack.status).toBe(202);
  expect(await pombo.until(takesBack.body.message_id, settled)).toMatchObject({ status: "read" });
});
