import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const CONSOLE = join(import.meta.dirname, "..", "..", "apps", "console");
const DIST = join(CONSOLE, "dist");
const KB = 1_000;

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
  readonly isEntry?: boolean;
  readonly isDynamicEntry?: boolean;
}

type Manifest = Readonly<Record<string, Chunk>>;

async function build(): Promise<Manifest> {
  await promisify(execFile)(process.execPath, [join(CONSOLE, "build.mjs")]);
  return JSON.parse(await readFile(join(DIST, ".vite", "manifest.json"), "utf8")) as Manifest;
}

/** What is loaded with a chunk before it runs. */
function filesOf(manifest: Manifest, name: string, seen = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const sheet of chunk.css ?? []) seen.add(sheet);
  for (const imported of chunk.imports ?? []) filesOf(manifest, imported, seen);
  return seen;
}

async function weigh(files: Iterable<string>, ending: string): Promise<number> {
  const wanted = [...files].filter((file) => file.endsWith(ending));
  const sizes = wanted.map(async (file) => gzipSync(await readFile(join(DIST, file))).length);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

test("the shell and every page stay within their budgets, and zod outside", async () => {
  const manifest = await build();
  const names = Object.keys(manifest);
  const entry = names.find((name) => manifest[name]?.isEntry === true) ?? "";
  const pages = names.filter((name) => manifest[name]?.isDynamicEntry === true);
  expect(pages.length).toBeGreaterThanOrEqual(15);
  const shell = filesOf(manifest, entry);
  expect(await weigh(shell, ".js"), "the shell").toBeLessThanOrEqual(200 * KB);
  for (const page of pages) {
    const all = filesOf(manifest, page);
    const own = [...all].filter((file) => !shell.has(file));
    // oxlint-disable-next-line no-await-in-loop -- a page after the other
    expect(await weigh(own, ".js"), page).toBeLessThanOrEqual(40 * KB);
    // oxlint-disable-next-line no-await-in-loop
    expect(await weigh(new Set([...all, ...shell]), ".css"), page).toBeLessThanOrEqual(15 * KB);
  }
  const scripts = (await readdir(join(DIST, "assets"))).filter((file) => file.endsWith(".js"));
  const texts = await Promise.all(
    scripts.map((file) => readFile(join(DIST, "assets", file), "utf8")),
  );
  expect(texts.filter((text) => text.includes("ZodError"))).toEqual([]);
});
