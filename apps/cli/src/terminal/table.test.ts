import { expect, test } from "vitest";
import { table } from "./table.ts";

test("columns are as wide as their widest cell", () => {
  const rows = [
    ["a", "1"],
    ["long", ""],
  ];
  expect(table(["ID", "N"], rows)).toBe("ID    N\na     1\nlong");
});

test("what others wrote can't command the terminal", () => {
  expect(table(["NAME"], [["a\u001B[2Jb\r\nc\u202Ed"]])).toBe("NAME\na [2Jb c d");
});
