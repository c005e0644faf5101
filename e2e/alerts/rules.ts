import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Samples } from "./scrape.ts";

const ALERTS = join(import.meta.dirname, "..", "..", "ops", "prometheus", "alerts.yml");

/** What was told, and for how many minutes; one after the other. */
export type Course = readonly (readonly [Samples, number])[];

export interface Rules {
  readonly names: readonly string[];
  /** Whether the alert's expression holds at the end of that course, as promtool says. Samples come once a minute. */
  holds(alert: string, course: Course): Promise<boolean>;
}

/** promtool comes with Debian's package `prometheus`. */
export const promtool = spawnSync("promtool", ["--version"]).error === undefined;

export async function readRules(): Promise<Rules> {
  const { groups } = parse(await readFile(ALERTS, "utf8")) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  const expressions = new Map(rules.map(({ alert, expr }) => [alert, expr]));
  return {
    names: [...expressions.keys()],
    holds: (alert, course) => askPromtool(expressions.get(alert) ?? "", course),
  };
}

async function askPromtool(expr: string, course: Course): Promise<boolean> {
  const minutes = course.flatMap(([samples, count]) =>
    Array.from({ length: count }, () => samples),
  );
  const check = {
    expr: `count(${expr}) > bool 0`,
    eval_time: `${minutes.length - 1}m`,
    exp_samples: [{ labels: "{}", value: 1 }],
  };
  const input_series = seriesOf(expr, minutes);
  const tests = [{ interval: "1m", input_series, promql_expr_test: [check] }];
  const folder = await mkdtemp(join(tmpdir(), "pombo-alerts-"));
  const file = join(folder, "test.yml");
  await writeFile(file, stringify({ evaluation_interval: "1m", tests }));
  const { status } = spawnSync("promtool", ["test", "rules", file]);
  await rm(folder, { recursive: true });
  return status === 0;
}

/** Those that the expression asks for; what a process tells no longer is stale, as Prometheus marks it. */
function seriesOf(expr: string, minutes: readonly Samples[]) {
  const asked = new Set(expr.match(/\b(?:pombo_\w+|nodejs_\w+|up)\b/g));
  const all = new Set(minutes.flatMap((samples) => [...samples.keys()]));
  const valueAt = (series: string, minute: number): string => {
    const value = minutes[minute]?.get(series);
    if (value !== undefined) return String(value);
    return minutes[minute - 1]?.has(series) === true ? "stale" : "_";
  };
  return [...all]
    .filter((series) => asked.has(series.split("{")[0] ?? ""))
    .map((series) => ({
      series,
      values: minutes.map((_, minute) => valueAt(series, minute)).join(" "),
    }));
}
