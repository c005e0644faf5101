import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { environment } from "../config.ts";
import type { Pombo } from "../pombo.ts";
import type { Example } from "./read-examples.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PATIENCE_MS = 60_000;

/** The folder and the shell of somebody who follows a guide; variables and functions live on from example to example. */
export interface Reader extends AsyncDisposable {
  /** What came out. Throws when it fails. */
  run(example: Example): Promise<string>;
}

export async function openReader(pombo: Pombo): Promise<Reader> {
  const folder = await mkdtemp(join(tmpdir(), "pombo-reader-"));
  const { api_url: api, api_key: key, device_id: device, control_url: control } = pombo.ready;
  await symlink(pombo.data, join(folder, "data"));
  await mkdir(join(folder, "node_modules", "@pombo"), { recursive: true });
  await symlink(join(ROOT, "packages", "sdk"), join(folder, "node_modules", "@pombo", "sdk"));
  await writeCommand(join(folder, "bin"));
  const state = join(folder, "state.sh");
  const variables = { API: api, KEY: key, DEVICE: device, CONTROL: control };
  await writeFile(
    state,
    Object.entries(variables)
      .map(([name, value]) => `export ${name}='${value}'\n`)
      .join(""),
  );
  let count = 0;
  return {
    async run({ language, code }) {
      count += 1;
      const file = join(folder, `example-${count}.${language === "sh" ? "sh" : "mjs"}`);
      await writeFile(file, code);
      const command = language === "sh" ? `source ${file}` : `node ${file}`;
      return shell(
        `set -a; source ${state}; trap 'export -p > ${state}; declare -f >> ${state}' EXIT; ${command}`,
        folder,
      );
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The command line under its short name, as the guides have it. */
async function writeCommand(bin: string): Promise<void> {
  const file = join(bin, "pombo");
  await mkdir(bin);
  await writeFile(file, `#!/bin/sh\nexec node ${join(ROOT, "apps/cli/src/main.ts")} "$@"\n`);
  await chmod(file, 0o755);
}

function shell(script: string, cwd: string): Promise<string> {
  const tools = [join(cwd, "bin"), join(ROOT, "node_modules", ".bin")];
  const path = [...tools, environment["PATH"]].join(delimiter);
  const env = { ...environment, PATH: path, NODE_NO_WARNINGS: "1" };
  const options = { cwd, env, timeout: PATIENCE_MS };
  return new Promise((resolve, reject) => {
    execFile("bash", ["-euo", "pipefail", "-c", script], options, (error, output, errors) => {
      if (error === null) resolve(output);
      else reject(new Error(`failed:\n${output}\n${errors}`));
    });
  });
}
