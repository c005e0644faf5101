import { SCOPES } from "@pombo/ledger";
import { expect, test } from "vitest";

import { parseKeyOptions } from "./key-options.ts";

test("without further words the key may do everything", () => {
  expect(parseKeyOptions(["create", "--local"])).toEqual({
    kind: "options",
    options: { data: "data", name: "local", scopes: SCOPES, devices: "*" },
  });
});

test("scopes and devices can be named", () => {
  const words = "create --local --scopes messages:read,ops:read --devices dev_0123456789abcdef";
  expect(parseKeyOptions(words.split(" "))).toMatchObject({
    options: { scopes: ["messages:read", "ops:read"], devices: ["dev_0123456789abcdef"] },
  });
});

test.each([
  [["create"], /--local is needed/],
  [["destroy", "--local"], /no command "keys destroy"/],
  [["create", "--local", "--scopes", "messages:reed"], /does not know "messages:reed"/],
  [["create", "--local", "--devices", "x"], /--devices takes device ids/],
  [["create", "--local", "--name", " "], /--name takes/],
  [["create", "--local", "--colour", "red"], /--colour/],
])("%j is refused by name", (words, says) => {
  const parsed = parseKeyOptions(words);
  expect(parsed.kind === "refused" ? parsed.says : "").toMatch(says);
});
