import { afterAll, beforeAll, test } from "vitest";
import { type Case, expectRefusal } from "./expect-refusal.ts";
import { type CallInit, openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: string;

beforeAll(async () => {
  api = await openTestApi();
  device = await api.addDevice();
});
afterAll(() => api[Symbol.asyncDispose]());

const good = (): Record<string, unknown> => ({ from: device, to: "5511999999999", text: "hello" });
const but = (change: object) => (): CallInit => ({ body: { ...good(), ...change } });
const raw = (body: string | Uint8Array, headers: Record<string, string> = {}) => ({
  body,
  headers,
});
const invalid = { status: 400, code: "VALIDATION_ERROR" } as const;

const CASES: readonly Case[] = [
  { name: "nothing in the body", init: { body: {} }, ...invalid, fields: ["from", "to", "text"] },
  { name: "an empty text", init: but({ text: "" }), ...invalid, fields: ["text"] },
  {
    name: "4,097 characters",
    init: but({ text: "x".repeat(4_097) }),
    ...invalid,
    fields: ["text"],
  },
  {
    name: "4,097 characters of two units each",
    init: but({ text: "🐦".repeat(4_097) }),
    ...invalid,
    fields: ["text"],
  },
  { name: "a number as text", init: but({ text: 7 }), ...invalid, fields: ["text"] },
  {
    name: "half a character",
    init: () => raw(`{"from":"${device}","to":"5511999999999","text":"\\ud83d"}`),
    ...invalid,
    fields: ["text"],
  },
  { name: "a NUL", init: but({ text: "a\0b" }), ...invalid, fields: ["text"] },
  { name: "an unknown field", init: but({ txt: "hello" }), ...invalid, fields: ["txt"] },
  {
    name: "two kinds of content",
    init: but({ location: { latitude: 1, longitude: 2 } }),
    ...invalid,
    fields: ["location"],
  },
  {
    name: "a field of a content that is not known",
    init: but({ text: undefined, contact: { name: "Ana", phone: "5511999999999", mail: "x" } }),
    ...invalid,
    fields: ["contact.mail"],
  },
  {
    name: "a reaction to nothing",
    init: but({ text: undefined, reaction: { message_id: "", emoji: "👍" } }),
    status: 400,
    code: "MISSING_REQUIRED_FIELDS",
    fields: ["reaction.message_id"],
  },
  {
    name: "a reaction to a message that is not there",
    init: but({
      text: undefined,
      reaction: { message_id: "3EB0000000000000000000", emoji: "👍" },
    }),
    status: 404,
    code: "MESSAGE_NOT_FOUND",
  },
  {
    name: "a quote of a message that is not there",
    init: but({ quoted: { message_id: "3EB0000000000000000000" } }),
    status: 404,
    code: "MESSAGE_NOT_FOUND",
  },
  {
    name: "a number to mention that is none",
    init: but({ mentions: ["5511999999999", "x"] }),
    ...invalid,
    fields: ["mentions.1"],
  },
  { name: "letters in the number", init: but({ to: "55 11 ABCDE" }), ...invalid, fields: ["to"] },
  { name: "a short number", init: but({ to: "123" }), ...invalid, fields: ["to"] },
  {
    name: "a broken JID",
    init: but({ to: "someone@nowhere" }),
    status: 400,
    code: "INVALID_CHAT_JID",
    fields: ["to"],
  },
  {
    name: "an unknown priority",
    init: but({ priority: "urgent" }),
    ...invalid,
    fields: ["priority"],
  },
  {
    name: "too much metadata",
    init: but({ metadata: { a: "é".repeat(1_100) } }),
    ...invalid,
    fields: ["metadata"],
  },
  {
    name: "metadata that is a list",
    init: but({ metadata: [] }),
    ...invalid,
    fields: ["metadata"],
  },
  {
    name: "an Idempotency-Key with a space",
    init: () => ({ body: good(), headers: { "idempotency-key": "a b" } }),
    ...invalid,
    fields: ["Idempotency-Key"],
  },
  {
    name: "an Idempotency-Key of 256 characters",
    init: () => ({ body: good(), headers: { "idempotency-key": "k".repeat(256) } }),
    ...invalid,
    fields: ["Idempotency-Key"],
  },
  {
    name: "an unknown device",
    init: but({ from: "dev_00000000" }),
    status: 404,
    code: "DEVICE_NOT_FOUND",
  },
  {
    name: "no device at all",
    init: but({ from: "my phone" }),
    status: 404,
    code: "DEVICE_NOT_FOUND",
  },
  {
    name: "a device that the key may not see",
    init: () => ({
      key: api.addKey({ scopes: ["messages:send"], devices: ["dev_other0000"] }),
      body: good(),
    }),
    status: 404,
    code: "DEVICE_NOT_FOUND",
  },
  {
    name: "an unknown message",
    method: "GET",
    path: "/v1/messages/3EB0000000000000000000",
    status: 404,
    code: "MESSAGE_NOT_FOUND",
  },
  {
    name: "no message id",
    method: "GET",
    path: "/v1/messages/x",
    status: 404,
    code: "MESSAGE_NOT_FOUND",
  },
  {
    name: "bad percent-encoding",
    method: "GET",
    path: "/v1/messages/%zz",
    ...invalid,
    fields: ["path"],
  },
  {
    name: "percent-encoded bytes that are no UTF-8",
    method: "GET",
    path: "/v1/devices/%ff",
    ...invalid,
    fields: ["path"],
  },
  {
    name: "a wait that is no number",
    method: "GET",
    path: "/v1/messages/x?wait=soon",
    ...invalid,
    fields: ["wait"],
  },
  {
    name: "too long a wait",
    method: "GET",
    path: "/v1/messages/x?wait=61",
    ...invalid,
    fields: ["wait"],
  },
  {
    name: "a parameter twice",
    method: "GET",
    path: "/v1/messages/x?wait=1&wait=2",
    ...invalid,
    fields: ["wait"],
  },
  {
    name: "an unknown parameter",
    method: "GET",
    path: "/v1/messages/x?wiat=1",
    ...invalid,
    fields: ["wiat"],
  },
  {
    name: "a device without a name",
    path: "/v1/devices",
    init: { body: { name: " " } },
    ...invalid,
    fields: ["name"],
  },
  {
    name: "an unknown device to connect",
    path: "/v1/devices/dev_00000000/connect",
    status: 404,
    code: "DEVICE_NOT_FOUND",
  },
  {
    name: "a pairing code for letters",
    path: "/v1/devices/dev_00000000/pairing-code",
    init: { body: { phone: "abc" } },
    ...invalid,
    fields: ["phone"],
  },
  {
    name: "a cursor that is none",
    method: "GET",
    path: "/v1/devices?cursor=x",
    ...invalid,
    fields: ["cursor"],
  },
];

test.each(CASES)("$name answers $status $code", (given) => expectRefusal(api, given));
