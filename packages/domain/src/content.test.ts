import { expect, test } from "vitest";
import { isMedia, readContent, reworded, targetOf, wordsOf } from "./content.ts";
import type { MediaId } from "./id.ts";

test("a record from the time when all was text is read as text", () => {
  expect(readContent('{"text":"hello"}')).toEqual({ kind: "text", text: "hello" });
  expect(readContent("{}")).toEqual({ kind: "text", text: "" });
});

test("content is read back by its kind", () => {
  const poll = { kind: "poll", question: "?", options: ["a", "b"], selectable: 1, secret: "x" };
  expect(readContent(JSON.stringify(poll))).toEqual(poll);
});

test("only files are media, only changes and reactions have a target, and all but deletions have words", () => {
  const target = { id: "3EB0", fromMe: true };
  const image = {
    kind: "image",
    media: { id: "med_0123456789abcdef" as MediaId },
    caption: "look",
  } as const;
  expect(isMedia(image)).toBe(true);
  expect(isMedia({ kind: "text", text: "x" })).toBe(false);
  expect(targetOf({ kind: "delete", target })).toBe(target);
  expect(targetOf(image)).toBeUndefined();
  expect(wordsOf(image)).toBe("look");
  expect(wordsOf({ kind: "delete", target })).toBe("");
  expect(wordsOf({ kind: "contact", name: "Ana", phone: "5511999999999" })).toBe("Ana");
});

test("texts and captions can be reworded, nothing else", () => {
  const quoted = { id: "A", fromMe: false };
  expect(reworded({ kind: "text", text: "a", quoted }, "b")).toEqual({
    kind: "text",
    text: "b",
    quoted,
  });
  expect(
    reworded({ kind: "image", media: { id: "med_0123456789abcdef" as MediaId } }, "b"),
  ).toMatchObject({ caption: "b" });
  expect(reworded({ kind: "contact", name: "Ana", phone: "5511999999999" }, "b")).toBeUndefined();
  for (const kind of ["audio", "sticker"] as const)
    expect(
      reworded({ kind, media: { id: "med_0123456789abcdef" as MediaId } }, "b"),
    ).toBeUndefined();
});
