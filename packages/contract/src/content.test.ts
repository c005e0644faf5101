import { DEFAULT_SETTINGS } from "@pombo/domain";
import { expect, test } from "vitest";
import { CONTENT_KEYS } from "./content.ts";
import { sendMessageBody } from "./message.ts";
import { validate } from "./validation.ts";

const body = sendMessageBody(DEFAULT_SETTINGS);

function look(content: object) {
  const read = validate(body, { from: "dev_00000000", to: "+55 11 99999-9999", ...content });
  return read.kind === "valid"
    ? "valid"
    : { code: read.code, fields: read.validation.map(({ field }) => field) };
}

const url = "https://example.com/a";
const GOOD: readonly object[] = [
  { text: "hello", quoted: { message_id: "ABC" }, mentions: ["+1 (555) 010-0000"], typing_ms: 500 },
  { text: "hello", quoted: { message_id: "ABC", participant: "5511999999999" } },
  { image: { url, caption: "look", file_name: "a.png", mime_type: "image/png" } },
  { video: { base64: "AAAA" } },
  { audio: { media_id: "med_1", ptt: true } },
  { document: { url, mime_type: "text/plain; charset=utf-8" } },
  { sticker: { media_id: "med_1" } },
  { location: { latitude: -90, longitude: 180, name: "there", address: "1 Road" } },
  { contact: { name: "Ana", phone: "+55 11 99999-9999", organization: "Pombo" } },
  { poll: { question: "?", options: ["a", "b"] } },
  { poll: { question: "?", options: ["a", "b", "c"], selectable_count: 3 } },
  { reaction: { message_id: "ABC", emoji: "👍🏽" } },
  { reaction: { message_id: "ABC", emoji: "❤" } },
  { reaction: { message_id: "ABC", emoji: "" } },
  { text: "hello", to: "120363039000000000@g.us" },
];

test.each(GOOD)("%j is taken", (content) => {
  expect(look(content)).toBe("valid");
});

const wrong = (...fields: string[]) => ({ code: "VALIDATION_ERROR", fields });
const missing = (field: string) => ({ code: "MISSING_REQUIRED_FIELDS", fields: [field] });

const BAD: readonly (readonly [content: object, told: object])[] = [
  [{}, wrong("text")],
  [{ text: "" }, wrong("text")],
  [{ text: null }, wrong("text")],
  [{ text: "a", poll: { question: "?", options: ["a", "b"] } }, wrong("poll")],
  [{ image: { url }, video: {} }, wrong("video", "video")],
  [{ imgae: { url } }, wrong("imgae", "text")],
  [{ image: {} }, wrong("image")],
  [{ image: "x" }, wrong("image")],
  [{ image: { url, base64: "AAAA" } }, wrong("image")],
  [{ image: { url: "file:///etc/passwd" } }, wrong("image.url")],
  [{ image: { url: "http://" } }, wrong("image.url")],
  [{ image: { base64: "a b" } }, wrong("image.base64")],
  [{ image: { url, ptt: true } }, wrong("image.ptt")],
  [{ image: { url, captoin: "x" } }, wrong("image.captoin")],
  [{ image: { url, caption: "x".repeat(1_025) } }, wrong("image.caption")],
  [{ location: { latitude: 91 } }, wrong("location.latitude", "location.longitude")],
  [{ contact: { name: "", phone: "1" } }, wrong("contact.name", "contact.phone")],
  [{ contact: { name: "a", phone: "120363039000000000@g.us" } }, wrong("contact.phone")],
  [{ poll: { question: "?", options: ["a"] } }, wrong("poll.options")],
  [{ poll: { question: "?", options: ["a", "a"] } }, wrong("poll.options")],
  [
    { poll: { question: "?", options: ["a", "b"], selectable_count: 3 } },
    wrong("poll.selectable_count"),
  ],
  [{ reaction: { emoji: "👍" } }, missing("reaction.message_id")],
  [{ reaction: { message_id: "", emoji: "👍" } }, missing("reaction.message_id")],
  [{ reaction: { message_id: "A", emoji: "ok" } }, wrong("reaction.emoji")],
  [{ text: "a", quoted: {} }, missing("quoted.message_id")],
  [{ text: "a", mentions: [] }, wrong("mentions")],
  [{ text: "a", mentions: ["x"] }, wrong("mentions.0")],
  [{ text: "a", typing_ms: 10_001 }, wrong("typing_ms")],
];

test.each(BAD)("%j is refused, and told where", (content, told) => {
  expect(look(content)).toEqual(told);
});

test("every kind of content is known by its key, and a wrong one gets the nearest name", () => {
  expect(new Set(GOOD.flatMap(Object.keys).filter((key) => keys.has(key)))).toEqual(keys);
  const read = validate(body, { from: "d", to: "5511999999999", locaton: {}, text: "a" });
  expect(read).toMatchObject({
    validation: [{ message: 'unknown field "locaton"; did you mean "location"?' }],
  });
  const swapped = validate(body, { from: "d", to: "5511999999999", imgae: {}, text: "a" });
  expect(swapped).toMatchObject({
    validation: [{ message: 'unknown field "imgae"; did you mean "image"?' }],
  });
  const inner = validate(body, { from: "d", to: "5511999999999", image: { url, captoin: "a" } });
  expect(inner).toMatchObject({
    validation: [{ message: 'unknown field "captoin"; did you mean "caption"?' }],
  });
});

const keys: ReadonlySet<string> = new Set(CONTENT_KEYS);
