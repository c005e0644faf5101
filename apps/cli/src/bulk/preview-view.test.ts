import { expect, test } from "vitest";
import { type Preview, previewText } from "./preview-view.ts";

const NOW = Date.parse("2030-01-31T12:00:00.000Z");

const ROW = {
  to: "5511900000101",
  international: "+55 11 90000 0101",
  text: "Hello Ana",
  on_whatsapp: "yes",
};

function shown(over: object = {}): string {
  const preview = {
    rows: 4,
    complete: true,
    accepted: 2,
    invalid: 1,
    duplicate: 1,
    suppressed: 0,
    cold: 1,
    forecast: { finishes_at: "2030-01-31T12:03:20.000Z", unsent: 0, speed: "paced" },
    warnings: [{ code: "cold_share", count: 1, message: "half of them are cold" }],
    sample: [ROW, { ...ROW, on_whatsapp: "no", text: "line\nbreak" }],
    errors: [{ line: 4, value: "12", message: "to must be a phone number" }],
    ...over,
  } as unknown as Preview;
  return previewText(preview, "orders.csv", NOW);
}

test("a preview tells what is sent, what is wrong, how it looks, and when it is done", () => {
  expect(shown()).toBe(
    [
      "orders.csv: 4 rows",
      "  2 to send (1 to people without a living conversation), 1 invalid, 1 duplicate",
      "  line 4: to must be a phone number (12)",
      "",
      "TO                                  TEXT",
      "+55 11 90000 0101                   Hello Ana",
      "+55 11 90000 0101  not on WhatsApp  line break",
      "",
      "It would be done in 3 min 20 s (2030-01-31T12:03:20.000Z), by the pace that is set.",
      "! half of them are cold",
    ].join("\n"),
  );
});

test("what was not all read, can't be foreseen, or would come too late is said", () => {
  const forecast = { finishes_at: null, unsent: 7, speed: "assumed" };
  const text = shown({ complete: false, forecast, errors: [], warnings: [] });
  expect(text).toContain("orders.csv: the first 4 rows of more");
  expect(text).toMatch(/can't be foreseen; 7 rows would not have left by then\.$/);
});

test("of many errors some are shown", () => {
  const error = { line: 4, value: null, message: "m" };
  const text = shown({ errors: Array.from({ length: 12 }, () => error) });
  expect(text.match(/ line 4: m$/gm)).toHaveLength(10);
  expect(text).toContain("\n  …\n");
});
