import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeLine, openJournal, readJournal, type JournalEdit } from "./journal.ts";

function setup() {
  const dir = mkdtempSync(join(tmpdir(), "journal-"));
  return {
    dir,
    path: join(dir, "simulator.journal"),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

test("values survive, removed ones do not, and the file is private", () => {
  using place = setup();
  {
    using journal = openJournal(place.dir);
    journal.write([
      ["a/1", { n: 1 }],
      ["a/2", 2],
      ["b/1", "x"],
    ]);
    journal.write([["a/2"]]);
  }
  using again = openJournal(place.dir);
  expect(again.entries("a/")).toEqual([["1", { n: 1 }]]);
  expect(again.entries("b/")).toEqual([["1", "x"]]);
  expect(statSync(place.path).mode & 0o777).toBe(0o600);
});

const batches = fc.array(
  fc.array(
    fc.oneof(
      fc
        .tuple(fc.constantFrom("a", "b", "c"), fc.jsonValue())
        .map(([key, value]): JournalEdit => [key, value]),
      fc.constantFrom("a", "b", "c").map((key): JournalEdit => [key]),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  { maxLength: 6 },
);

test("cut at any byte, exactly the batches before the cut are there", () => {
  fc.assert(
    fc.property(batches, fc.nat(), (all, at) => {
      const lines = all.map(encodeLine);
      const whole = Buffer.concat(lines);
      const cut = whole.subarray(0, whole.length === 0 ? 0 : at % (whole.length + 1));
      let complete = 0;
      for (let size = 0; complete < lines.length; complete++) {
        size += lines[complete]?.length ?? 0;
        if (size > cut.length) break;
      }
      const expected = readJournal(Buffer.concat(lines.slice(0, complete)));
      expect(readJournal(cut).live).toEqual(expected.live);
    }),
  );
});

test("a torn tail is dropped at start and never comes back", () => {
  using place = setup();
  writeFileSync(
    place.path,
    Buffer.concat([encodeLine([["a", 1]]), encodeLine([["b", 2]]).subarray(0, 12)]),
  );
  {
    using journal = openJournal(place.dir);
    expect(journal.damaged).toBe(1);
    journal.write([["c", 3]]);
  }
  expect(readJournal(readFileSync(place.path))).toEqual({
    live: new Map([
      ["a", 1],
      ["c", 3],
    ]),
    damaged: 0,
  });
});
