import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { claimWhatsapp, openDataFolder, readKeys } from "./data-folder.ts";
import { temporaryFolder } from "./temporary-folder.test-setup.ts";

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

test("only its owner may look into the folder and its keys", async () => {
  await using temporary = await temporaryFolder();
  const folder = await openDataFolder(join(temporary.path, "a", "b"));
  await readKeys(folder, "c0");
  expect(await mode(folder.path)).toBe(0o700);
  expect(await mode(folder.redis)).toBe(0o700);
  expect(await mode(folder.adminKeyFile)).toBe(0o600);
  expect(await mode(join(folder.path, "credentials-key"))).toBe(0o600);
});

test("keys are made once, in the form that the processes expect", async () => {
  await using temporary = await temporaryFolder();
  const folder = await openDataFolder(temporary.path);
  const keys = await readKeys(folder, "c0");
  expect(keys.adminKey).toMatch(/^pombo_c0_[A-Za-z0-9_-]{43}$/);
  expect(keys.credentialsKey).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
  expect(await readKeys(folder, "c0")).toEqual(keys);
  expect((await readFile(folder.adminKeyFile, "utf8")).trim()).toBe(keys.adminKey);
  expect((await readdir(folder.path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a key that can't be read is an error, not a reason for a new one", async () => {
  await using temporary = await temporaryFolder();
  const folder = await openDataFolder(temporary.path);
  await writeFile(join(folder.path, "admin-key"), "pombo_c0_mine");
  await mkdir(join(folder.path, "credentials-key"));
  await expect(readKeys(folder, "c0")).rejects.toThrow(/EISDIR/);
});

test("devices paired with one WhatsApp are never shown to another", async () => {
  await using temporary = await temporaryFolder();
  const folder = await openDataFolder(temporary.path);
  await claimWhatsapp(folder, "live");
  await claimWhatsapp(folder, "live");
  await expect(claimWhatsapp(folder, "sandbox")).rejects.toThrow(
    /paired with the real WhatsApp, not with the sandbox: choose another folder with --data/,
  );
});
