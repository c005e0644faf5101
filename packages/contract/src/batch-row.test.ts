import { DEFAULT_SETTINGS } from "@pombo/domain";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readPlainRow, templateRow } from "./batch-row.ts";

const schema = templateRow(DEFAULT_SETTINGS);

const digits = fc.stringMatching(/^\+?[0-9 ()-]{8,20}$/);
const jid = fc.constantFrom(
  "5511999999999@s.whatsapp.net",
  "120363000000000001@g.us",
  "1@lid",
  "a@b",
);
const number = fc.stringMatching(/^\+?[0-9]{9,16}$/);
const to = fc.oneof(
  { arbitrary: number, weight: 5 },
  digits,
  jid,
  fc.string(),
  fc.constant("5511999999999"),
  fc.anything(),
);
const ref = fc.oneof(
  fc.string(),
  fc.constant("\ud800"),
  fc.constant("x".repeat(256)),
  fc.anything(),
);

test("a plain row is read as the schema reads it, or not at all", () => {
  let read = 0;
  fc.assert(
    fc.property(
      fc.record({ to, client_ref: ref, x: fc.anything() }, { requiredKeys: [] }),
      (row) => {
        const plain = readPlainRow(row);
        if (plain === undefined) return;
        read += 1;
        expect(schema.parse(row)).toEqual(plain);
      },
    ),
    { numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(50);
});

test.each([
  { to: "+55 11 99999-9999" },
  { to: "5511999999999", client_ref: "order 7" },
  { to: "5511999999999@s.whatsapp.net", client_ref: undefined },
])("%j is plain", (row) => {
  expect(readPlainRow(row)).toEqual(schema.parse(row));
});
