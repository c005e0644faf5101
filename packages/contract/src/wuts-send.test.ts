import { DEFAULT_SETTINGS } from "@pombo/domain";
import { expect, test } from "vitest";
import type { z } from "zod";
import { validate } from "./validation.ts";
import { wutsContactBody, wutsDeleteBody, wutsLocationBody, wutsPollBody } from "./wuts-send.ts";

const to = "5511999999999";

/** What is wrong with a body: the code, and each field with its sentence. */
function wrong(schema: z.ZodObject, body: object): readonly unknown[] {
  const validated = validate(schema, body);
  if (validated.kind === "valid") return [];
  return [
    validated.code,
    ...validated.validation.map(({ field, message }) => `${field}: ${message}`),
  ];
}

test("the rules of the native body hold under the dialect's names", () => {
  const location = wutsLocationBody(DEFAULT_SETTINGS);
  expect(wrong(location, { to, latitude: -23.5, longitude: -46.6, url: "https://x" })).toEqual([]);
  expect(wrong(location, { to, latitude: 91, longitude: -46.6 })).toEqual([
    "VALIDATION_ERROR",
    "latitude: latitude must be a number between -90 and 90",
  ]);
  const contact = wutsContactBody(DEFAULT_SETTINGS);
  expect(wrong(contact, { to, contact: { display_name: "Ana", phone: "12" } })).toEqual([
    "VALIDATION_ERROR",
    "contact.phone: contact.phone must be a phone number of 10 to 15 digits in international form",
  ]);
  const poll = wutsPollBody(DEFAULT_SETTINGS);
  const options = [{ option_name: "yes" }, { option_name: "no" }];
  expect(wrong(poll, { to, question: "Well?", options })).toEqual([]);
  expect(wrong(poll, { to, question: "Well?", options: options.slice(1) })).toEqual([
    "VALIDATION_ERROR",
    "options: options must be a list of 2 to 12 different texts",
  ]);
  expect(wrong(poll, { to, question: "Well?", options: ["yes", "no"] })[0]).toBe(
    "VALIDATION_ERROR",
  );
});

test("a deletion that names nothing has a code of its own", () => {
  expect(wrong(wutsDeleteBody, {})).toEqual([
    "MISSING_REQUIRED_FIELDS",
    "messageId: messageId is required",
    "chatJid: chatJid is required",
  ]);
  expect(wrong(wutsDeleteBody, { messageId: "3EB0", chatJid: " " })).toEqual([
    "MISSING_REQUIRED_FIELDS",
    "chatJid: chatJid is required",
  ]);
});
