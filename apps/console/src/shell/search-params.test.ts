import { expect, test } from "vitest";
import { parseSearch, writeSearch } from "./search-params.ts";

test("an address holds texts as they are, also those that look like numbers", () => {
  const search = { client_ref: "007", status: "failed", text: "a&b=c ü" };
  expect(parseSearch(writeSearch(search))).toEqual(search);
  expect(writeSearch({ status: "failed", device: undefined, name: "" })).toBe("?status=failed");
  expect(writeSearch({})).toBe("");
});
