import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { examineFolder } from "./examine-folder.ts";

test("a folder is well when it can be written and has room; nothing stays behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pombo-disk-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(await examineFolder(folder, 1)).toBeUndefined();
  expect(await examineFolder(folder, Number.MAX_SAFE_INTEGER)).toMatch(/only \d+ MiB free/);
  expect(await examineFolder(join(folder, "gone"), 1)).toBe("The media folder can't be written to");
  expect(await readdir(folder)).toEqual([]);
});
