import fc from "fast-check";
import { expect, test } from "vitest";
import { csvReader } from "./csv-reader.ts";

function read(text: string, options: { delimiter?: string; mostChars?: number } = {}) {
  const reader = csvReader({ delimiter: ",", mostChars: 1_000, ...options });
  return [...reader.push(text), ...reader.end()];
}

const cells = (text: string) => read(text).map((record) => record.cells);

test("values are told apart by the delimiter, records by any line end", () => {
  expect(cells("a,b\n1,2\r\n3,4\r5,6")).toEqual([
    ["a", "b"],
    ["1", "2"],
    ["3", "4"],
    ["5", "6"],
  ]);
  expect(cells(",\n,,\n")).toEqual([
    ["", ""],
    ["", "", ""],
  ]);
});

test("quotes hold delimiters, line ends and doubled quotes", () => {
  expect(cells('"a,b","c\r\nd","e ""f""",""\n"""",x')).toEqual([
    ["a,b", "c\r\nd", 'e "f"', ""],
    ['"', "x"],
  ]);
});

test("blank lines are no records, but count as lines", () => {
  expect(read("\n\na\n\r\n\r\rb\n\n").map(({ line, cells: [cell] }) => [line, cell])).toEqual([
    [3, "a"],
    [7, "b"],
  ]);
  expect(cells('""\n')).toEqual([[""]]);
});

test("every record knows its physical line, whatever its quotes hold", () => {
  const text = 'h\r\n"x\r\ny",1\r\n\r\n"a\nb\rc"\n"d"\n';
  expect(read(text).map((record) => record.line)).toEqual([1, 2, 5, 8]);
});

test("a wrong quote spoils its own record and no other", () => {
  const [first, second, third, ...others] = read('"x"y,2\nx"y,2\n3,4\n');
  expect(first).toMatchObject({ line: 1, cells: ["x"] });
  expect(first?.wrong).toMatch(/after the closing quote of value 1/);
  expect(second?.wrong).toMatch(/value 1 has a quote/);
  expect(third).toEqual({ line: 3, cells: ["3", "4"], chars: 3 });
  expect(others).toEqual([]);
});

test("a quote that is never closed names the line of its record", () => {
  expect(() => read('a,b\n1,2\n"x,3\n4,5\n')).toThrow(/line 3 has a quote that is never closed/);
  expect(() => read(`a\n"${"x".repeat(2_000)}`, { mostChars: 100 })).toThrow(/line 2 is longer/);
  expect(() => read(`a\n${"x".repeat(101)}\n`, { mostChars: 100 })).toThrow(/line 2 is longer/);
});

/** What the rules of the format make of a table. */
function written(table: readonly (readonly string[])[], lineEnd: string): string {
  const cell = (text: string): string =>
    /[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
  return table.map((row) => row.map(cell).join(",") + lineEnd).join("");
}

const cellText = fc.string({
  unit: fc.constantFrom("a", "é", "😀", ",", ";", '"', "\n", "\r", " ", "\t"),
  maxLength: 6,
});
const tables = fc.array(fc.array(cellText, { minLength: 1, maxLength: 4 }), { maxLength: 8 });

test("what is written comes back, with the lines on which it stands", () => {
  fc.assert(
    fc.property(tables, fc.constantFrom("\n", "\r\n", "\r"), (table, lineEnd) => {
      const records = read(written(table, lineEnd));
      expect(records.map((record) => record.cells)).toEqual(table);
      const lines = table.map(
        (_, index) => written(table.slice(0, index), lineEnd).split(/\r\n|\r|\n/).length,
      );
      expect(records.map((record) => record.line)).toEqual(lines);
    }),
  );
});

test("any cutting of any text gives the same records", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r"), maxLength: 40 });
  const outcome = (pieces: readonly string[]) => {
    const reader = csvReader({ delimiter: ",", mostChars: 30 });
    try {
      return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
    } catch (error) {
      return String(error);
    }
  };
  fc.assert(
    fc.property(texts, fc.array(fc.nat(40)), (text, cuts) => {
      const ends = [...cuts.map((cut) => Math.min(cut, text.length)), text.length].toSorted(
        (a, b) => a - b,
      );
      const cut = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
      expect(outcome(cut)).toEqual(outcome([text]));
    }),
    { numRuns: 2_000 },
  );
});
