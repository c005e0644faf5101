// Makes the package as it is published, in packages/sdk/dist/npm:
//
//   src ─► tsc -b ─► JavaScript and declarations, minus what only this repository can resolve:
//            └ table.js: the data of the route table written out, in place of the contract (and zod) that it is made from
//
// Prints the folder. `npm pack` does the rest.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLASSES, SHAPES } from "./src/table.ts";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "..", "..");
const OUT = join(HERE, "dist", "npm");

execFileSync(join(ROOT, "node_modules", ".bin", "tsc"), ["-b", HERE], { stdio: "inherit" });
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
for (const name of readdirSync(join(HERE, "dist")).filter(isPublished))
  writeFileSync(join(OUT, name), emitted(name));
writeFileSync(join(OUT, "table.js"), tableSource());
writeFileSync(join(OUT, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
cpSync(join(HERE, "README.md"), join(OUT, "README.md"));
process.stdout.write(`${OUT}\n`);

function isPublished(name) {
  return /\.(js|d\.ts)$/.test(name) && !name.includes(".test.");
}

/** Declarations keep the extension that the source imports. */
function emitted(name) {
  const text = readFileSync(join(HERE, "dist", name), "utf8");
  return text
    .replaceAll(/(from "\.\/[a-z-]+)\.ts"/g, '$1.js"')
    .replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
}

function tableSource() {
  const data = Object.entries({ SHAPES, CLASSES });
  return data
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value, null, 1)};\n`)
    .join("");
}

function manifest() {
  const { name, version, description, license } = JSON.parse(
    readFileSync(join(HERE, "package.json"), "utf8"),
  );
  return {
    name,
    version,
    description,
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.3" },
    exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
    types: "./index.d.ts",
  };
}
