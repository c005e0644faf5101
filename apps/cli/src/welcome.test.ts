import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { temporaryFolder } from "./temporary-folder.test-setup.ts";
import { welcome } from "./welcome.ts";

test("the curl can be pasted, whatever the folder is called, and shows no key", async () => {
  await using folder = await temporaryFolder();
  const adminKeyFile = join(folder.path, "it's the key");
  await writeFile(adminKeyFile, "pombo_c0_secret\n");
  const device = { device_id: "dev_0123456789abcdef", phone: "5511900000001" };
  const urls = { apiUrl: "http://127.0.0.1:3000", controlUrl: "http://127.0.0.1:1" };
  const text = welcome({ ...urls, adminKeyFile, device, logs: "logs" });
  expect(text).not.toContain("secret");
  const line = text.split("\n").find((one) => one.includes("-d '")) ?? "";
  const words = execFileSync("sh", ["-c", `curl() { printf '%s\\n' "$@"; }\n${line}`], {
    encoding: "utf8",
  }).split("\n");
  expect(words).toContain("http://127.0.0.1:3000/v1/messages");
  expect(words).toContain("Authorization: Bearer pombo_c0_secret");
  expect(words).toContain(
    '{"from":"dev_0123456789abcdef","to":"+5511900000002","text":"Hello, Pombo!"}',
  );
});

test("without a sandbox device it tells how to pair one", () => {
  const scene = { apiUrl: "http://127.0.0.1:3000", adminKeyFile: "data/admin-key", logs: "logs" };
  expect(welcome({ ...scene, device: undefined, controlUrl: null })).toMatch(/DEVICE_ID\/qr/);
});
