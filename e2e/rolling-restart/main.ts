import { parseArgs } from "node:util";
import { type RollingReport, runRollingRestart } from "./run-rolling-restart.ts";

/**
 * A rolling restart: every process of Pombo is replaced, one at a time, under a steady load; a table says what it did to clients,
 * messages and devices. Ends with 1 when something was lost, doubled, answered with an error, or when a device logged in twice.
 *
 * ```sh
 * node e2e/rolling-restart/main.ts [--rate 200] [--devices 20] [--workers 2] [--apis 2] [--idle 15] [--rest 3] [--data DIR]
 * ```
 */
const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "200" },
    devices: { type: "string", default: "20" },
    workers: { type: "string", default: "2" },
    apis: { type: "string", default: "2" },
    idle: { type: "string", default: "15" },
    rest: { type: "string", default: "3" },
    data: { type: "string" },
  },
});

const MOST_SLOWER = 3;
const SHOWN = 5;

const result = await runRollingRestart(
  {
    rate: Number(values.rate),
    devices: Number(values.devices),
    workers: Number(values.workers),
    apis: Number(values.apis),
    idleMs: Number(values.idle) * 1_000,
    restMs: Number(values.rest) * 1_000,
    ...(values.data === undefined ? {} : { data: values.data }),
  },
  (says) => console.log(`  ${says}`),
);
process.exitCode = print(result) ? 0 : 1;

function print(report: RollingReport): boolean {
  const slower = report.p99 / report.idleP99;
  const most = Math.max(0, ...report.logins);
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["processes restarted", String(report.restarts.length), true],
    ["messages accepted", String(report.accepted), report.accepted > 0],
    ["error answers to clients", String(report.errors.length), report.errors.length === 0],
    ["lost", String(report.lost.length), report.lost.length === 0],
    ["doubled on a phone", String(report.doubled.length), report.doubled.length === 0],
    ["not settled", String(report.unsettled.length), report.unsettled.length === 0],
    ["most logins of one device", String(most), most <= 1],
    ["logins that threw another out", String(report.kickedOut), report.kickedOut === 0],
    ["p99 accept, idle (ms)", report.idleP99.toFixed(0), true],
    ["p99 accept, during restarts (ms)", report.p99.toFixed(0), slower <= MOST_SLOWER],
    ["… as a ratio", slower.toFixed(2), slower <= MOST_SLOWER],
    ["refused connections, asked elsewhere", String(report.refused), true],
  ];
  console.log("");
  for (const [what, value, isWell] of rows)
    console.log(`${isWell ? "✓" : "✗"} ${what.padEnd(38)}${value.padStart(8)}`);
  for (const example of [...report.errors, ...report.lost, ...report.unsettled].slice(0, SHOWN))
    console.log(`    ${example}`);
  return rows.every(([, , isWell]) => isWell);
}
