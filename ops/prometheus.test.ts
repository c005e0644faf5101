import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "..");
const FOLDER = join(import.meta.dirname, "prometheus");
const ALERTS = join(FOLDER, "alerts.yml");
/** What Prometheus itself knows of a target, and what every Node process tells by prom-client. */
const OWN = [
  "up",
  "nodejs_eventloop_lag_p99_seconds",
  "process_cpu_seconds_total",
  "process_resident_memory_bytes",
];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface Case {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

function text(...path: readonly string[]): string {
  return readFileSync(join(ROOT, ...path), "utf8");
}

const { groups } = parse(readFileSync(ALERTS, "utf8")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const runbook = text("docs", "runbook.md");

/** Names that a query asks for: all that is neither a label, nor a function, nor a word of the language. */
function metricsOf(query: string): readonly string[] {
  const bare = query
    .replaceAll(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]/g, " ")
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, " ");
  return [...bare.matchAll(/\b[a-z]\w*\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !["and", "or", "unless", "bool", "offset", "by"].includes(name));
}

/** The guide's names; e2e/overview.test.ts holds them against what the processes tell. */
const guide = text("docs", "metrics.md");
const told = new Set([...guide.matchAll(/`(pombo_\w+)`/g)].map(([, name = ""]) => name));

/** The name in the guide: a histogram is told in three series. */
function inGuide(metric: string): boolean {
  const whole = metric.replace(/_(?:count|sum|bucket)$/, "");
  return OWN.includes(metric) || told.has(metric) || told.has(whole);
}

describe("each alert", () => {
  test("asks only for what the processes tell", () => {
    for (const { alert, expr } of rules) {
      const asked = metricsOf(expr);
      expect(asked.length, alert).toBeGreaterThan(0);
      expect([alert, asked.filter((name) => !inGuide(name))]).toEqual([alert, []]);
    }
  });

  test("has its page in the runbook, with what it means, what to look at and what to do; and each page an alert", () => {
    const pages = runbook.split(/^### /m).slice(1);
    expect(pages.map((page) => page.split("\n")[0])).toEqual(rules.map(({ alert }) => alert));
    for (const page of pages)
      for (const part of ["**Means.** ", "**Look at.** ", "**Do.** "])
        expect(page.split(part), `${page.split("\n")[0]}: ${part}`).toHaveLength(2);
    for (const { alert, annotations, labels } of rules) {
      expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      expect(["critical", "warning"]).toContain(labels.severity);
    }
  });

  test("is seen to fire and to be quiet", () => {
    const { tests } = parse(readFileSync(join(FOLDER, "alerts.test.yml"), "utf8")) as {
      tests: Case[];
    };
    const shown = tests.flatMap((one) => one.alert_rule_test);
    for (const { alert } of rules) {
      const fires = shown.filter(({ alertname }) => alertname === alert);
      expect([alert, ...fires.map((one) => one.exp_alerts.length > 0)]).toEqual([
        alert,
        true,
        false,
      ]);
    }
  });
});

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

describe("the dashboard", () => {
  const { panels } = JSON.parse(text("ops", "grafana", "pombo.json")) as { panels: Panel[] };
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  test("asks only for what the processes tell", () => {
    expect(queries.length).toBeGreaterThan(20);
    for (const query of queries)
      expect([query, metricsOf(query).filter((name) => !inGuide(name))]).toEqual([query, []]);
  });

  test("shows each metric of the guide", () => {
    const shown = new Set(
      queries.flatMap(metricsOf).map((it) => it.replace(/_(?:count|bucket)$/, "")),
    );
    const rows = [...guide.matchAll(/^\| ([^|]+)\|/gm)].map(([, cell = ""]) => cell);
    const named = rows.flatMap((cell) => [...cell.matchAll(/`(pombo_\w+)`/g)].map(([, it]) => it));
    expect(named.filter((it) => !shown.has(it ?? ""))).toEqual([]);
  });
});
