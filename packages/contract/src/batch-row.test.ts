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
const optional = { requiredKeys: [] };
const rows = fc.oneof(
  fc.record({ to: number, client_ref: fc.string() }, { requiredKeys: ["to"] }),
  fc.record({ to, client_ref: ref, x: fc.anything() }, optional),
);

test("a plain row is read as the schema reads it, or not at all", () => {
  let read = 0;
  fc.assert(
    fc.property(rows, (given) => {
      const plain = readPlainRow(given);
      if (plain === undefined) return;
      read += 1;
      expect(schema.parse(given)).toEqual(plain);
    }),
    { numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(200);
});

test.each([
  { to: "+55 11 99999-9999" },
  { to: "5511999999999", client_ref: "order 7" },
  { to: "5511999999999@s.whatsapp.net", client_ref: undefined },
])("%j is plain", (row) => {
  expect(readPlainRow(row)).toEqual(schema.parse(row));
});
