import { execFile } from "node:child_process";
import { delimiter, sep } from "node:path";
import { promisify } from "node:util";
import type { Environment } from "../config.ts";
import { type Finding, warning, well } from "./finding.ts";

const OLDEST = 24;
const run = promisify(execFile);

/** This process has the right Node (main.ts sees to that); what services start with may be another one. */
export async function examineNode(environment: Environment): Promise<readonly Finding[]> {
  const path = (environment["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes(`node_modules${sep}.bin`))
    .join(delimiter);
  const version = await versionOf(path);
  const found = [well(`node: ${process.version}`)];
  if (version === undefined || isNewEnough(version)) return found;
  return [
    ...found,
    warning(
      `the node on the PATH is ${version}, and Pombo needs ${OLDEST}`,
      "start Pombo by npm, or services by node_modules/.bin/node",
    ),
  ];
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const env = { PATH: path };
    return (await run("node", ["--version"], { env, timeout: 5_000 })).stdout.trim();
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  return Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= OLDEST;
}
