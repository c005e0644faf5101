// Builds the console into `apps/console/dist`, when what it is made of has changed since the last time.
//
//   node apps/console/build.mjs
//
// The stamp beside the pages is a hash of all sources: the console's own, the client's, and the contract and domain that the client's route
// table is made from.

import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "..", "..");
const STAMP = join(HERE, "dist", ".stamp");
const SOURCES = [
  "pnpm-lock.yaml",
  "apps/console/*.{html,json,mjs,ts}",
  "apps/console/src/**/*.*",
  "packages/{sdk,contract,domain}/src/**/*.ts",
];

const wanted = fingerprint();
if (!existsSync(STAMP) || readFileSync(STAMP, "utf8") !== wanted) {
  process.stderr.write("Building the console (some seconds, after a change only) …\n");
  // Whoever builds it, a test or a developer's shell: what is served is what users get.
  process.env.NODE_ENV = "production";
  const { build } = await import("vite");
  await build({ configFile: join(HERE, "vite.config.ts"), logLevel: "warn" });
  writeFileSync(STAMP, wanted);
}

function fingerprint() {
  const files = globSync(SOURCES, { cwd: ROOT }).filter((file) => !file.includes(".test."));
  const hash = createHash("sha256");
  for (const file of files.toSorted())
    hash.update(`${file}\n`).update(readFileSync(join(ROOT, file)));
  return hash.digest("hex");
}
