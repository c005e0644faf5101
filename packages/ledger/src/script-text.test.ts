import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { definitionsOf, withDefinitions } from "./script-text.ts";

const LIBRARY = `-- What all share.

local WIDTH = 3

-- Adds.
local function add(a, b)
  return a + b
end

local function wide(a)
  return add(a, WIDTH)
end

local function unused()
  return wide(1)
end
`;

test("a script carries what it uses, and what that uses, in order, and nothing else", () => {
  const text = withDefinitions(definitionsOf(LIBRARY), "return wide(2)\n");
  expect(text.match(/^local (?:function )?\w+/gm)).toEqual([
    "local WIDTH",
    "local function add",
    "local function wide",
  ]);
  expect(text.endsWith("return wide(2)\n")).toBe(true);
});

test("a name in a comment is not a use", () => {
  expect(withDefinitions(definitionsOf(LIBRARY), "-- wide\nreturn 1\n")).toBe(
    "-- wide\nreturn 1\n",
  );
});

test("no two definitions of a prelude have the same name", () => {
  for (const name of ["prelude", "endpoints", "letter-actions", "suppress"]) {
    const text = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), "utf8");
    const names = Array.from(text.matchAll(/^local (?:function )?(\w+)/gm), ([, found]) => found);
    expect(names).toEqual([...new Set(names)]);
  }
});
