import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { VARIABLE_NAMES, VARIABLES } from "@pombo/domain";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");

async function sources(): Promise<readonly string[]> {
  const found = await Promise.all(
    ["apps", "packages"].map((folder) => readdir(join(ROOT, folder), { recursive: true })),
  );
  const [apps = [], packages = []] = found;
  const isOurs = (path: string): boolean =>
    /\/src\/.*\.ts$/.test(path) &&
    !/node_modules|\.test|test-process|-fixture|domain\/src\/variables/.test(path);
  return [
    ...apps.filter(isOurs).map((path) => join(ROOT, "apps", path)),
    ...packages.filter(isOurs).map((path) => join(ROOT, "packages", path)),
    join(ROOT, "docker-compose.yml"),
  ];
}

test("every variable that the sources name is in the table, and every other row is named there", async () => {
  const texts = await Promise.all((await sources()).map((file) => readFile(file, "utf8")));
  const named = new Set(texts.join("\n").match(/\bPOMBO_[A-Z0-9_]*[A-Z0-9]\b(?!_)/g));
  const unknown = [...named].filter((name) => !VARIABLE_NAMES.includes(name));
  expect(unknown, "add them to packages/domain/src/variables.ts").toEqual([]);
  expect(Object.keys(VARIABLES).filter((name) => !named.has(name))).toEqual([]);
});
