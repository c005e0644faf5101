import { expect, test } from "vitest";
import { columnsOf, formatOf, wholeRows } from "./file-part.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["people.csv", "csv"],
  ["PEOPLE.TSV", "csv"],
  ["rows.jsonl", "ndjson"],
  ["rows.json", "json"],
  ["rows.xlsx", undefined],
  ["csv", undefined],
])("%s is read as %s", (name, format) => {
  expect(formatOf(name)).toBe(format);
});

test("a beginning is cut behind its last whole row", () => {
  const cut = (text: string, format: "csv" | "ndjson" = "csv", lines = 99): string =>
    text.slice(0, wholeRows(bytes(text), format, lines));
  expect(cut("to,name\n1,a\n2,b")).toBe("to,name\n1,a\n");
  expect(cut('to,name\n1,"a\nb"\n2,"c\nd')).toBe('to,name\n1,"a\nb"\n');
  expect(cut('to,name\n1,"a ""b"" c"\n2')).toBe('to,name\n1,"a ""b"" c"\n');
  expect(cut('{"to":"1","name":"a\\"b"}\n{"to"', "ndjson")).toBe('{"to":"1","name":"a\\"b"}\n');
  expect(cut("to\n1\n2\n3\n", "csv", 2)).toBe("to\n1\n");
  expect(cut("to,name")).toBe("");
});

test.each<[string, readonly string[]]>([
  ["to,name\r\n1,a", ["to", "name"]],
  ["\uFEFFname;To;order", ["name", "To", "order"]],
  ['sep=;\n"to";"first name"', ["to", "first name"]],
  ["to\tname\n", ["to", "name"]],
  ["number,name", []],
  ["", []],
])("%j has the columns %j", (text, columns) => {
  expect(columnsOf(text)).toEqual(columns);
});
