import fc from "fast-check";
import { expect, test } from "vitest";
import { isMediaId, type MediaId, type MessageId } from "./id.ts";
import { compileContent, compileTemplate, FILE_OF_ROW, withOwnFile } from "./template.ts";

function compiled<Value>(value: Value) {
  const result = compileTemplate(value);
  if (result.kind === "malformed") throw new Error(result.message);
  return result.template;
}

/** Renders with values by name. */
function rendered<Value>(value: Value, row: Readonly<Record<string, string>>): Value {
  const { columns, render } = compiled(value);
  return render(columns.map((name) => row[name] ?? ""));
}

test("places take the values of their columns, space inside the braces aside", () => {
  const row = { name: "Ana", order: "17" };
  expect(rendered("Hello {{name}}, {{ order }}{{order}}!", row)).toBe("Hello Ana, 1717!");
  expect(rendered("no place }} { } here", row)).toBe("no place }} { } here");
  expect(rendered("", row)).toBe("");
});

test("columns are named once, in an order that does not depend on where they stand", () => {
  expect(compiled("{{b}}{{a}}{{b}}{{ a }}").columns).toEqual(["a", "b"]);
  const given = { image: { caption: "{{b}}", url: "{{a}}" } };
  expect(compiled(given).columns).toEqual(["a", "b"]);
  expect(compiled(given).places).toEqual(["image.caption", "image.url"]);
});

test("a name may be anything without braces, and its letters may come in two forms", () => {
  expect(rendered("{{Nome do Cliente (2ª via)}}", { "Nome do Cliente (2ª via)": "x" })).toBe("x");
  expect(compiled("{{cafe\u0301}}").columns).toEqual(["caf\u00e9"]);
});

test("a backslash makes braces plain, and two make a backslash before a value", () => {
  const row = { name: "Ana" };
  expect(rendered(String.raw`\{{name}}`, row)).toBe("{{name}}");
  expect(rendered(String.raw`\\{{name}}`, row)).toBe(String.raw`\Ana`);
  expect(rendered(String.raw`C:\\dir\name`, row)).toBe(String.raw`C:\\dir\name`);
  expect(rendered(String.raw`\{{ {{name}}`, row)).toBe("{{ Ana");
});

test("a value is put in as it is", () => {
  expect(rendered("{{a}}{{b}}", { a: "{{b}}", b: String.raw`\{{a}} $& $1` })).toBe(
    String.raw`{{b}}\{{a}} $& $1`,
  );
});

test("texts anywhere in a content are templates, other values stay", () => {
  const content = {
    kind: "poll",
    question: "{{q}}?",
    options: ["{{x}}", "no"],
    selectable: 1,
    ptt: true,
    nothing: null,
  };
  expect(rendered(content, { q: "Sure", x: "yes" })).toEqual({
    ...content,
    question: "Sure?",
    options: ["yes", "no"],
  });
});

test("braces that are not closed, or hold no name, are told with their place", () => {
  expect(compileTemplate("Hello {{name}")).toMatchObject({ kind: "malformed", path: "" });
  expect(compileTemplate("Hello {{ }}")).toMatchObject({ kind: "malformed", path: "" });
  expect(compileTemplate("{{a{{b}}")).toMatchObject({ kind: "malformed" });
  expect(compileTemplate({ image: { caption: "{{" } })).toMatchObject({
    kind: "malformed",
    path: "image.caption",
  });
});

const FIRST = "3EB0A1B2C3D4E5F0000001" as MessageId;
const SECOND = "3EB0A1B2C3D4E5F0000002" as MessageId;

test("a file whose address has places is another file for each row, and the same at every try", () => {
  const media = { id: "med_0123456789abcdef" as MediaId, url: "https://x.test/{{name}}.png" };
  const render = compileContent({ kind: "image", media, caption: "For {{name}}" });
  const first = render(["ana"], FIRST);
  expect(first).toMatchObject({ caption: "For ana", media: { url: "https://x.test/ana.png" } });
  expect(render(["ana"], FIRST)).toEqual(first);
  const ids = [first, render(["ana"], SECOND)].map((each) => "media" in each && each.media.id);
  expect(new Set([...ids, media.id]).size).toBe(3);
  expect(ids.every((id) => id !== false && isMediaId(id))).toBe(true);
});

test("a file that a row brings is its own, one that was uploaded stays", () => {
  const media = { id: FILE_OF_ROW, url: "https://x.test/a.png" };
  const first = withOwnFile({ kind: "image", media }, FIRST);
  expect(first).toEqual({ kind: "image", media: { ...media, id: `med_${FIRST.toLowerCase()}` } });
  expect(withOwnFile({ kind: "image", media }, SECOND)).not.toEqual(first);
  const kept = { kind: "image", media: { id: "med_0123456789abcdef" as MediaId } } as const;
  expect(withOwnFile(kept, FIRST)).toEqual(kept);
});

test("one file for all rows keeps its id", () => {
  const media = { id: "med_0123456789abcdef" as MediaId, url: "https://x.test/a.png" };
  const render = compileContent({ kind: "image", media, caption: "For {{name}}" });
  expect(render(["ana"], FIRST)).toEqual({ kind: "image", media, caption: "For ana" });
});

test("whatever the words and values, only the places change", () => {
  const words = fc
    .string({ unit: "binary", maxLength: 40 })
    .map((text) => text.replaceAll(/[{\\]/g, ""));
  fc.assert(
    fc.property(fc.array(fc.tuple(words, words), { maxLength: 4 }), words, (pairs, last) => {
      const text = pairs.map(([before], index) => `${before}{{c${index}}}`).join("") + last;
      const row = Object.fromEntries(pairs.map(([, value], index) => [`c${index}`, value]));
      expect(rendered(text, row)).toBe(pairs.map(([a, b]) => a + b).join("") + last);
    }),
  );
});
