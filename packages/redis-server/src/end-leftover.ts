import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 10_000;

/**
 * Ends a server that an earlier run left behind on the same folder. Two servers on one append-only file would destroy it, so
 * this waits until the old one is gone. The process is ours only when its command line names our configuration file: a pid in a
 * file alone may by now belong to anyone.
 *
 * @returns whether there was one
 */
export async function endLeftover(pidFile: string, confFile: string): Promise<boolean> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid <= 1 || !(await isServerOf(pid, confFile))) return false;
  signal(pid, "SIGTERM");
  const killAt = performance.now() + PATIENCE_MS;
  while (await isServerOf(pid, confFile)) {
    if (performance.now() > killAt) signal(pid, "SIGKILL");
    await pause(LOOK_EVERY_MS);
  }
  return true;
}

async function isServerOf(pid: number, confFile: string): Promise<boolean> {
  return (await commandLine(pid)).includes(confFile);
}

/** Empty when there is no such process. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux")
    return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return await new Promise((resolve) => {
    execFile("ps", ["-p", String(pid), "-o", "args="], (_error, text) => resolve(text));
  });
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between, which is what was wanted.
  }
}
