import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { expect, test } from "vitest";

import { lockFolder } from "./lock-folder.ts";
import { temporaryFolder } from "./temporary-folder.test-setup.ts";

const HOLDER = join(import.meta.dirname, "lock-holder.test-process.ts");

test("a second one is told who holds the folder, and where it answers", async () => {
  await using folder = await temporaryFolder();
  await using lock = await lockFolder(folder.path);
  const running = "Pombo is already running on this data folder";
  await expect(lockFolder(folder.path)).rejects.toThrow(
    `${running} (pid ${process.pid}, still starting).`,
  );
  lock.tell("http://127.0.0.1:3000");
  await expect(lockFolder(folder.path)).rejects.toThrow(
    `${running} (pid ${process.pid}, http://127.0.0.1:3000).`,
  );
});

test("another folder is free, and the same one after the end", async () => {
  await using folder = await temporaryFolder();
  await using other = await temporaryFolder();
  const lock = await lockFolder(folder.path);
  await using _second = await lockFolder(other.path);
  await lock[Symbol.asyncDispose]();
  await lock[Symbol.asyncDispose]();
  await using _again = await lockFolder(folder.path);
});

test("a killed holder leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const holder = fork(HOLDER, [folder.path]);
  await once(holder, "message");
  await expect(lockFolder(folder.path)).rejects.toThrow(`pid ${holder.pid ?? 0},`);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await using _lock = await lockFolder(folder.path);
});
