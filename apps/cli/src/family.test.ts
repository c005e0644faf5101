import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { openFamily } from "./family.ts";
import { isAlive, temporaryFolder } from "./temporary-folder.test-setup.ts";

test.runIf(process.platform === "linux")(
  "who outlived the last run ends before the next",
  async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "children.json");
    const family = await openFamily(file);
    const orphan = spawn("/bin/sleep", ["0.3"], {
      env: { POMBO_RUN: family.run },
    });
    await once(orphan, "spawn");
    await family.remember([orphan.pid ?? 0]);
    const next = await openFamily(file);
    expect(isAlive(orphan.pid ?? 0)).toBe(false);
    expect(next.run).not.toBe(family.run);
  },
);

test("a stranger who has the pid now is left alone", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "children.json");
  await writeFile(file, JSON.stringify({ run: "of-another", pids: [process.pid] }));
  await openFamily(file);
  expect(isAlive(process.pid)).toBe(true);
});

test("what could not be written down once is written down the next time", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "children.json");
  const family = await openFamily(file);
  await mkdir(file);
  await expect(family.remember([1])).rejects.toThrow();
  expect(await readdir(folder.path)).toEqual(["children.json"]);
  await rm(file, { recursive: true });
  await family.remember([2]);
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ pids: [2] });
});
