import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXIT } from "./exit-code.ts";

test("the guide lists every exit code, and no other", async () => {
  const guide = join(import.meta.dirname, "..", "..", "..", "..", "docs", "cli.md");
  const text = await readFile(guide, "utf8");
  const [, section = ""] = text.split("## How a command ends");
  const listed = [...section.matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(EXIT));
});
