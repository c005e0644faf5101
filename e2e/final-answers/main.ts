import { parseArgs } from "node:util";
import { LONG, SHORT } from "./options.ts";
import { runFinalAnswers } from "./run-final-answers.ts";

/** Final answers: `node e2e/final-answers/main.ts [--short] [--seed N]`. Ends with 1 when a promise was broken. */
const { values } = parseArgs({
  options: { short: { type: "boolean", default: false }, seed: { type: "string", default: "1" } },
});
const options = { ...(values.short ? SHORT : LONG), seed: Number(values.seed) };
const { counts, broken } = await runFinalAnswers(options, (says) => console.log(`  ${says}`));
for (const [what, count] of Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${String(count).padStart(6)} ${what}`);
for (const one of broken) console.log(`✗ ${one}`);
console.log(
  broken.length === 0 ? "every answer was true" : `${broken.length} answers were not true`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
