import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
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
