import { expect, test } from "vitest";
import { maskNumber } from "./mask-number.ts";

test.each([
  ["+5511900000002", "•••• 0002"],
  ["5511900000002@s.whatsapp.net", "•••• 0002"],
  ["120363001122334455@g.us", "group •••• 4455"],
])("of %s only %s is shown", (value, shown) => {
  expect(maskNumber(value)).toBe(shown);
});
