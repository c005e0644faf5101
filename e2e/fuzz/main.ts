import { parseArgs } from "node:util";
import { type FuzzReport, runFuzz } from "./run-fuzz.ts";

/**
 * Fuzzing: requests made from the OpenAPI document that the API serves, right in most parts and odd in some.
 *
 * ```
 *  /openapi.json ─► schema ─► make-request (pure, by a seed) ─► API ─► judge (pure): envelope, code, described, no inside ─► report
 * ```
 * Ends with 1 when any answer was wrong, a process died, or a log tells of a defect.
 */
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "6000" },
    seed: { type: "string", default: "1" },
  },
});
const [requests, seed] = [Number(values.requests), Number(values.seed)];
if (Number.isInteger(requests) && Number.isInteger(seed) && requests > 0) {
  console.log(`fuzz, seed ${seed}, ${requests} requests`);
  const report = await runFuzz({ seed, requests }, (says) => console.log(`  ${says}`));
  print(report);
  process.exitCode = report.wrong.size > 0 ? 1 : 0;
} else {
  console.error("npm run fuzz -- [--requests 6000] [--seed 1]: both are whole numbers");
  process.exitCode = 2;
}

function print({ wrong, statuses, unreached }: FuzzReport): void {
  const counts = [...statuses].toSorted(([a], [b]) => a - b);
  console.log(counts.map(([status, count]) => `${count} × ${status}`).join(", "));
  if (unreached.length > 0) console.log(`never a success: ${unreached.join(", ")}`);
  for (const [what, example] of wrong) console.log(`✗ ${what}\n      ${example}`);
  if (wrong.size === 0) console.log("✓ nothing odd");
}
