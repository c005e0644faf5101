import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { lastLines, openLogFile } from "./log-file.ts";
import { temporaryFolder } from "./temporary-folder.test-setup.ts";

test("a log is appended to until it is large, then set aside once", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "a.log");
  await writeFile(file, "one\n");
  {
    await using log = await openLogFile(file);
    await log.write("two\n");
  }
  expect(await readFile(file, "utf8")).toBe("one\ntwo\n");
  await truncate(file, 6 * 1024 * 1024);
  await using _fresh = await openLogFile(file);
  expect((await stat(file)).size).toBe(0);
  expect((await stat(`${file}.1`)).size).toBe(6 * 1024 * 1024);
});

test("the last lines are those written since, and no more than asked for", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "a.log");
  await writeFile(file, "old\na\nb\nc\n");
  expect(await lastLines(file, 4, 2)).toBe("b\nc");
  expect(await lastLines(file, 4, 9)).toBe("a\nb\nc");
  expect(await lastLines(file, 10, 9)).toBe("");
  expect(await lastLines(join(folder.path, "none"), 0, 9)).toBe("");
});
