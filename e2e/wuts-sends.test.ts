import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answered, openStage, type Stage } from "./every-code/stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const ask = (method: string, path: string, body?: object): Promise<Answered> =>
  stage.ask(method, path, { key: stage.device.key, ...(body === undefined ? {} : { body }) });

const SENDS = [
  { path: "/send/image", field: "number", body: { image: `data:image/png;base64,${PIXEL}` } },
  { path: "/send/location", field: "to", body: { latitude: -23.55, longitude: -46.63 } },
  {
    path: "/send/contact",
    field: "to",
    body: { contact: { display_name: "Ana", phone: "5511911110009", email: "a@example.com" } },
  },
  {
    path: "/send/poll",
    field: "to",
    body: {
      question: "When?",
      options: [{ option_name: "now" }, { option_name: "later" }],
      allow_multiple_answers: true,
    },
  },
];

test.each(SENDS)("$path: sent, and on the phone once", async ({ path, field, body }) => {
  const to = stage.someone();
  const answer = await ask("POST", path, { [field]: to, ...body });
  expect(answer, answer.text).toMatchObject({
    status: 200,
    body: { success: true, status: "sent" },
  });
  const shown = await stage.pombo.phoneMessages(to);
  expect(shown).toMatchObject([{ id: answer.body["message_id"], copies: 1 }]);
});

test("a message is deleted for everyone, once", async () => {
  const to = stage.someone();
  const sent = await ask("POST", "/send/text", { number: to, text: "wrong chat" });
  const body = { messageId: sent.body["message_id"], chatJid: `${to}@s.whatsapp.net` };
  const deleted = await ask("DELETE", "/messages/delete", { ...body, reason: "wrong contact" });
  expect(deleted, deleted.text).toMatchObject({
    status: 200,
    body: {
      success: true,
      message_id: body.messageId,
      delete_type: "for_everyone",
      chat_jid: body.chatJid,
      metadata: { within_time_limit: true, reason: "wrong contact" },
    },
  });
  const again = await ask("DELETE", "/messages/delete", body);
  expect([again.status, again.body["error_code"]]).toEqual([404, "MESSAGE_NOT_FOUND"]);
});

test("the device tells how it is, and which numbers are on WhatsApp", async () => {
  expect((await ask("GET", "/status")).body).toMatchObject({
    data: { connected: true, is_logged_in: true, phone_number: stage.device.phone },
  });
  const paired = await ask("GET", "/qr");
  expect([paired.status, paired.body["error_code"]]).toEqual([409, "CONFLICT"]);
  const [there, absent] = [stage.someone(), stage.someone()];
  await stage.pombo.control("POST", `/admin/phones/${absent}/settings`, { on_whatsapp: false });
  const checked = await ask("POST", "/contact/check", { numbers: [there, absent] });
  expect(checked.body).toEqual({ success: true, data: { [there]: true, [absent]: false } });
});
