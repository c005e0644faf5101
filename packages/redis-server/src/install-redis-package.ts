import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";

const POLICY = "/usr/sbin/policy-rc.d";
const SERVER = "/usr/bin/redis-server";
const PACKAGE = "redis-server";
const APT_ENV = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "DEBIAN_FRONTEND=noninteractive",
  "RUNLEVEL=1",
  "LC_ALL=C",
];

/**
 * Brings Debian's redis-server without leaving a system service behind: the package would start one on port 6379 at once and
 * at every boot. Debian asks `policy-rc.d` before it starts a service; ours says no and is taken away again.
 *
 * @throws Error when apt-get fails
 */
export async function installRedisPackage(
  aptGet: string,
  onLine: (line: string) => void,
): Promise<void> {
  const asked = existsSync(POLICY);
  const had = existsSync(SERVER); // an older one of theirs, with a service of theirs
  if (!asked) await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await apt(aptGet, ["update"], onLine);
    await apt(aptGet, ["install", "-y", "--no-install-recommends", PACKAGE], onLine);
  } finally {
    if (!asked) await rm(POLICY, { force: true });
  }
  if (had) return;
  await new Promise<void>((resolve) => {
    execFile("systemctl", ["disable", PACKAGE], () => resolve()); // without systemd there is nothing to disable
  });
}

async function apt(
  aptGet: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const child = spawn("/usr/bin/env", [...APT_ENV, aptGet, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const listen = (chunk: Buffer): void => {
    said = `${said}${chunk.toString("utf8")}`.slice(-4_000);
    const line = said.trimEnd().split("\n").at(-1);
    if (line !== undefined) onLine(line);
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0)
    throw new Error(`apt-get ${args[0] ?? ""} failed: ${said.trimEnd().split("\n").at(-1) ?? ""}`);
}
