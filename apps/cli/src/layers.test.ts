import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");

interface Workspace extends AsyncDisposable {
  /** what `tsc` says about a project of it */
  compile(project: string): Promise<string>;
  /** what `oxlint` says about all of it, a line each: `path: message` */
  lint(): Promise<string[]>;
}

/**
 * A copy of our workspace with these files as its only sources: the real configuration, the real packages to import, and
 * nothing of it in the real folder, so that a rule can be broken in earnest.
 */
async function workspaceOf(files: Readonly<Record<string, string>>): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), "pombo-layers-"));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const name of ["tsconfig.base.json", ".oxlintrc.json", ".gitignore"])
    await copyFile(join(ROOT, name), join(folder, name));
  const projects = new Set(Object.keys(files).map((file) => file.split("/", 2).join("/")));
  for (const project of projects) await copyProject(project, folder);
  for (const [file, source] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), source);
  }
  const bin = join(ROOT, "node_modules", ".bin");
  return {
    compile: (project) => said(join(bin, "tsc"), ["-p", join(folder, project)], folder),
    lint: async () =>
      flat(await said(join(bin, "oxlint"), ["--format=json", ...Object.keys(files)], folder)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Its configuration without references: what is imported from outside is to be refused before they matter. */
async function copyProject(project: string, folder: string): Promise<void> {
  await mkdir(join(folder, project), { recursive: true });
  await copyFile(join(ROOT, project, "package.json"), join(folder, project, "package.json"));
  const config = JSON.parse(await readFile(join(ROOT, project, "tsconfig.json"), "utf8")) as object;
  const alone = JSON.stringify({ ...config, references: [] });
  await writeFile(join(folder, project, "tsconfig.json"), alone);
  await symlink(join(ROOT, project, "node_modules"), join(folder, project, "node_modules"));
}

function said(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd }, (_error, output) => resolve(output));
  });
}

function flat(json: string): string[] {
  const { diagnostics } = JSON.parse(json) as {
    diagnostics: { filename: string; message: string; help?: string }[];
  };
  return diagnostics.map((one) => `${one.filename}: ${one.message} ${one.help ?? ""}`);
}

const READS_A_FILE = `import { readFileSync } from "node:fs";\nexport const a: unknown = readFileSync;\n`;

test("the core can't reach the machine, an app can: the compiler says so", async () => {
  await using workspace = await workspaceOf({
    "packages/domain/src/file.ts": READS_A_FILE,
    "packages/domain/src/environment.ts": `export const a: unknown = process.env;\n`,
    "packages/domain/src/timer.ts": `setTimeout(() => undefined, 1);\n`,
    "packages/contract/src/file.ts": READS_A_FILE,
    "apps/cli/src/file.ts": READS_A_FILE,
  });
  const [domain, contract, cli] = await Promise.all(
    ["packages/domain", "packages/contract", "apps/cli"].map((it) => workspace.compile(it)),
  );
  expect(domain).toMatch(/file\.ts.*error TS\d+: .*'node:fs'/);
  expect(domain).toMatch(/environment\.ts.*error TS\d+: .*'process'/);
  expect(domain).toMatch(/timer\.ts.*error TS\d+: .*'setTimeout'/);
  expect(contract).toMatch(/file\.ts.*error TS\d+: .*'node:fs'/);
  expect(cli).toBe("");
});

test("an app can't import another app, a package nothing undeclared, and nobody into the depth", async () => {
  await using workspace = await workspaceOf({
    "apps/api/src/by-name.ts": `import "@pombo-app/worker";\nexport {};\n`,
    "apps/api/src/by-path.ts": `export { a } from "../../worker/src/a.ts";\n`,
    "apps/worker/src/a.ts": `export const a = 1;\n`,
    "packages/status/src/undeclared.ts": `export { Queue } from "bullmq";\n`,
    "packages/status/src/deep.ts": `export { SETTINGS } from "@pombo/domain/src/settings.ts";\n`,
  });
  const [api, status] = await Promise.all(
    ["apps/api", "packages/status"].map((it) => workspace.compile(it)),
  );
  expect(api).toMatch(/by-name\.ts.*error TS\d+: .*'@pombo-app\/worker'/);
  expect(api).toMatch(/by-path\.ts.*error TS(?:6059|6307): .*worker\/src\/a\.ts'/);
  expect(status).toMatch(/undeclared\.ts.*error TS2307: .*'bullmq'/);
  expect(status).toMatch(/deep\.ts.*error TS2307: .*'@pombo\/domain\/src\/settings\.ts'/);
});

function importing(name: string): string {
  return `import * as it from "${name}";\nexport const a: unknown = it;\n`;
}

test("a foreign library stays in its one package, and the core without clock and dice: the linter says so", async () => {
  await using workspace = await workspaceOf({
    "packages/ledger/src/a.ts": importing("ioredis"),
    "packages/redis/src/a.ts": importing("ioredis"),
    "packages/ledger/src/b.ts": importing("bullmq"),
    "packages/queue/src/b.ts": importing("bullmq"),
    "apps/worker/src/c.ts": importing("@whiskeysockets/baileys"),
    "apps/worker/src/deep.ts": importing("@whiskeysockets/baileys/lib/Socket/index.js"),
    "packages/device/src/c.ts": importing("@whiskeysockets/baileys"),
    "packages/simulator/src/c.ts": importing("@whiskeysockets/baileys"),
    "packages/telemetry/src/d.ts": importing("express"),
    "apps/api/src/d.ts": importing("express"),
    "packages/domain/src/e.ts": READS_A_FILE,
    "packages/contract/src/e.ts": READS_A_FILE,
    "packages/domain/src/f.ts": `export const a = Date.now() * Math.random();\n`,
  });
  const lines = await workspace.lint();
  const refused = (file: string): string =>
    lines.filter((line) => line.startsWith(`${file}:`)).join("\n");
  expect(refused("packages/ledger/src/a.ts")).toMatch(/ioredis/);
  expect(refused("packages/ledger/src/b.ts")).toMatch(/bullmq/);
  expect(refused("apps/worker/src/c.ts")).toMatch(/baileys/i);
  expect(refused("apps/worker/src/deep.ts")).toMatch(/baileys/i);
  expect(refused("packages/telemetry/src/d.ts")).toMatch(/express/);
  expect(refused("packages/domain/src/e.ts")).toMatch(/pure/);
  expect(refused("packages/contract/src/e.ts")).toMatch(/pure/);
  expect(refused("packages/domain/src/f.ts")).toMatch(/now in[^]*jitter in|jitter in[^]*now in/i);
  const allowed = ["packages/redis/src/a.ts", "packages/queue/src/b.ts", "apps/api/src/d.ts"];
  for (const file of [...allowed, "packages/device/src/c.ts", "packages/simulator/src/c.ts"])
    expect(refused(file)).not.toMatch(/restricted/i);
});
