import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const REDIS_NAMES = ["redis-server", "valkey-server"] as const;
const ENGINE_NAMES = ["docker", "podman"] as const;
const OLDEST_MAJOR = 7;
const ENGINE_WAIT_MS = 5_000;

/** The first usable server on the path: Redis or Valkey, version 7 or later. Undefined when there is none. */
export async function findRedisServer(path: string | undefined): Promise<string | undefined> {
  const found = REDIS_NAMES.flatMap((name) => findOnPath(name, path) ?? []);
  for (const binary of found) if ((await majorOf(binary)) >= OLDEST_MAJOR) return binary;
  return undefined;
}

/** The first container engine on the path whose daemon answers. Undefined when there is none. */
export async function findContainerEngine(path: string | undefined): Promise<string | undefined> {
  const found = ENGINE_NAMES.flatMap((name) => findOnPath(name, path) ?? []);
  for (const engine of found) {
    const answer = await ask(engine, ["info"]);
    if (answer.worked) return engine;
  }
  return undefined;
}

/** The absolute path of a program, looked up as a shell would. */
export function findOnPath(name: string, path: string | undefined): string | undefined {
  return (path ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

async function majorOf(binary: string): Promise<number> {
  const answer = await ask(binary, ["--version"]);
  return Number(/\bv=(\d+)\./.exec(answer.text)?.[1] ?? 0);
}

function ask(program: string, args: readonly string[]): Promise<{ worked: boolean; text: string }> {
  return new Promise((resolve) => {
    const options = { timeout: ENGINE_WAIT_MS, killSignal: "SIGKILL" } as const;
    execFile(program, args, options, (error, text) => {
      resolve({ worked: error === null, text });
    });
  });
}
