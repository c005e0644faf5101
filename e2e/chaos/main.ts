import { isViolated, type Finding } from "./judge.ts";
import { parseChaosOptions } from "./options.ts";
import { type ChaosReport, runChaos } from "./run-chaos.ts";

/**
 * Chaos: the whole product, with clients that send and processes that die, by a timetable that a seed decides.
 *
 * ```
 *  plan (pure) ─► stage: product + proxy ─► correspond ∥ make-trouble ─► ledger, phones, simulator's log ─► judge (pure) ─► table
 * ```
 * Ends with 1 when anything was lost, doubled, reordered, stuck or called what it was not.
 */
const SHOWN_EXAMPLES = 5;

const parsed = parseChaosOptions(process.argv.slice(2));
if (parsed.kind === "refused") {
  console.error(parsed.says);
  process.exitCode = 2;
} else {
  const { options } = parsed;
  console.log(`chaos, seed ${options.seed}`);
  const report = await runChaos(options, (says) => console.log(`  ${says}`));
  print(report);
  process.exitCode = report.findings.some(isViolated) ? 1 : 0;
}

function print({ findings, done, ms, data }: ChaosReport): void {
  const made = Object.entries(Object.groupBy(done, ({ kind }) => kind));
  console.log(`\n${made.map(([kind, all]) => `${all.length} × ${kind}`).join(", ")}`);
  console.log(`${(ms / 1_000).toFixed(0)} s until the last one was settled; ${data}\n`);
  for (const finding of findings) console.log(lineOf(finding));
}

function lineOf(finding: Finding): string {
  const { what, count, limit, examples } = finding;
  const mark = limit === undefined ? " " : isViolated(finding) ? "✗" : "✓";
  const wanted = limit === undefined ? "" : ` (${limit})`;
  const shown = examples.slice(0, SHOWN_EXAMPLES).map((example) => `\n      ${example}`);
  return `${mark} ${String(count).padStart(6)}${wanted.padEnd(8)} ${what}${shown.join("")}`;
}
