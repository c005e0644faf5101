import type { Output } from "@pombo/sdk";
import { bar, grouped, span } from "../terminal/bar.ts";

export type Batch = Output<"getBatch">;
type Counts = Batch["counts"];

/** What is not at its end. */
const OPEN = ["scheduled", "queued", "sending", "unknown"] as const;
const BAD = ["failed", "expired", "canceled"] as const;
const GOOD = ["sent", "delivered", "read", "played"] as const;

export function isOver({ status }: Pick<Batch, "status">): boolean {
  return status === "completed" || status === "canceled" || status === "abandoned";
}

function sum(counts: Counts, names: readonly (keyof Counts)[]): number {
  return names.reduce((total, name) => total + counts[name], 0);
}

/** The line at the bottom while a batch runs. */
export function progressLine(batch: Batch, columns: number, now: number): string {
  const { counts } = batch;
  const share = { done: counts.accepted - sum(counts, OPEN), total: counts.accepted };
  return bar(share, columns, facts(batch, now));
}

/** The same for a log: one line, without the bar. */
export function plainLine(batch: Batch, now: number): string {
  const { counts, status, batch_id: id } = batch;
  const done = counts.accepted - sum(counts, OPEN);
  const share = `${grouped(done)}/${grouped(counts.accepted)}`;
  return [id, status, share, ...facts(batch, now).filter((fact) => fact !== status)].join("  ");
}

function facts(batch: Batch, now: number): string[] {
  const { counts, rate, eta, status } = batch;
  const left = eta === null ? undefined : Date.parse(eta) - now;
  const bad = sum(counts, BAD);
  return [
    ...(status === "running" ? [] : [status]),
    ...(rate === null || status !== "running" ? [] : [`${rateOf(rate)}/s`]),
    ...(left === undefined || left <= 0 || status !== "running" ? [] : [`${span(left)} left`]),
    ...(bad === 0 ? [] : [`${grouped(bad)} failed`]),
  ];
}

function rateOf(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate));
}

/** What became of all rows, a line each. */
export function summary(batch: Batch): string {
  const { counts, failures, batch_id: id, status, reason } = batch;
  const why = reason === null ? "" : ` (${reason})`;
  const rows = [...GOOD, ...BAD, ...OPEN, "invalid", "duplicate", "suppressed"] as const;
  const lines = rows
    .filter((name) => counts[name] > 0)
    .map((name) => `  ${name.padEnd(12)}${grouped(counts[name])}`);
  const codes = failures.map(
    ({ error_code: code, count }) => `  ${code}: ${grouped(count)} (pombo errors ${code})`,
  );
  return [`${id}  ${status}${why}`, ...lines, ...codes].join("\n");
}

/** All rows were accepted, and went. */
export function isAllWell({ counts, status }: Batch): boolean {
  const lost = sum(counts, ["invalid", "suppressed", ...BAD, ...OPEN]);
  return status === "completed" && lost === 0 && counts.accepted > 0;
}
