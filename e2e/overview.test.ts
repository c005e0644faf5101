import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { Pombo, QUICK } from "./pombo.ts";

interface Overview {
  readonly totals: Readonly<
    Record<"accepted" | "sent" | "delivered" | "read" | "failed" | "unknown", number>
  >;
  readonly buckets: readonly { readonly accepted: number }[];
  readonly failures: readonly { readonly code: string; readonly count: number }[];
  readonly accept_to_ack: { readonly count: number; readonly p50_ms: number };
  readonly dead_letters: number;
  readonly depth: { readonly total: number; readonly oldest_at: string | null };
  readonly blocked: readonly { readonly reason: string }[];
}

let pombo: Pombo;

beforeAll(async () => {
  pombo = await Pombo.start({
    env: { ...QUICK, POMBO_OVERVIEW_REFRESH_MS: "200", POMBO_METRICS_PORT: "0" },
  });
});
afterAll(() => pombo[Symbol.asyncDispose]());

const overview = async (): Promise<Overview> =>
  (await pombo.api<Overview>("GET", "/v1/overview")).body;

/** How often the event log tells each type. */
async function told(): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (let after = "0"; ;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const { body } = await pombo.api<{ events: { type: string }[]; next: string }>(
      "GET",
      `/v1/events?after=${after}&limit=1000`,
    );
    for (const { type } of body.events) counts[type] = (counts[type] ?? 0) + 1;
    if (body.events.length === 0) return counts;
    after = body.next;
  }
}

test("every number equals the event log's and the phones', also across the death of the worker", async () => {
  const good = Array.from({ length: 12 }, (_, index) => `551192100000${10 + index}`);
  const bad = ["55119211000001", "55119211000002", "55119211000003"];
  for (const to of bad)
    // oxlint-disable-next-line no-await-in-loop
    await pombo.fault("message", { nack: 400 }, { match: { to } });
  const ids = await Promise.all([...good, ...bad].map((to) => pombo.send(to, "counted")));
  const [worker] = (await pombo.living()).worker;
  if (worker !== undefined) process.kill(worker, "SIGKILL");
  for (const id of ids)
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(id, ({ status }) => ["read", "failed"].includes(status), 60_000);

  const seen = await eventually(overview, ({ totals }) => totals.read === good.length);
  const log = await told();
  for (const status of ["sent", "delivered", "read", "failed", "unknown"] as const)
    expect([status, seen.totals[status]]).toEqual([status, log[`message.${status}`] ?? 0]);
  expect(seen.totals.accepted).toBe(ids.length);
  const arrived = await Promise.all(good.map((to) => pombo.phoneMessages(to)));
  expect(new Set(arrived.flat().map(({ id }) => id)).size).toBe(seen.totals.read);
  expect(seen.failures).toMatchObject([{ code: "SEND_REJECTED", count: bad.length }]);
  expect(seen.accept_to_ack.count).toBe(seen.totals.sent);
  expect(seen.accept_to_ack.p50_ms).toBeGreaterThan(0);
  const letters = await pombo.api<{ dead_letters: unknown[] }>("GET", "/v1/dead-letters");
  expect(seen.dead_letters).toBe(letters.body.dead_letters.length);
  const rows = seen.buckets.reduce((sum, { accepted }) => sum + accepted, 0);
  expect(rows).toBe(ids.length);
});

test("a paused lane is shown as such while something waits, and no longer afterwards", async () => {
  const lane = `/v1/devices/${pombo.ready.device_id}/lane`;
  await pombo.api("POST", `${lane}/pause`);
  const id = await pombo.send("5511921200001", "later");
  const paused = await eventually(overview, ({ depth }) => depth.total === 1);
  expect(paused.blocked).toMatchObject([{ reason: "lane_paused", lanes: 1, waiting: 1 }]);
  const report = await pombo.api<{ depth: { total: number } }>("GET", lane);
  expect(report.body.depth.total).toBe(paused.depth.total);
  await pombo.api("POST", `${lane}/resume`);
  await pombo.until(id, ({ status }) => status === "read");
  const { depth, blocked } = await eventually(overview, (seen) => seen.depth.total === 0);
  expect({ oldest: depth.oldest_at, blocked }).toEqual({ oldest: null, blocked: [] });
});

/** Where a process of this run serves its metrics, as its log says. */
async function served(name: string): Promise<string> {
  const log = await readFile(join(pombo.data, "logs", `${name}.log`), "utf8");
  const lines = log.split("\n").filter((line) => line.includes('"metrics.served"'));
  return (JSON.parse(lines.at(-1) ?? "{}") as { url: string }).url;
}

test("every process tells its metrics, and the guide names each of them and no others", async () => {
  const id = await pombo.send("5511921300001", "measured");
  await pombo.until(id, ({ status }) => status === "read");
  const worker = await eventually(
    async () => (await fetch(await served("worker-1"))).text(),
    (text) => text.includes('pombo_evidence_total{status="read"}'),
  );
  expect(worker).toMatch(/pombo_accept_to_ack_seconds_count [1-9]/);
  expect(worker).toMatch(/pombo_ack_to_delivered_seconds_count [1-9]/);
  expect(worker).toMatch(/pombo_jobs_total\{end="proved",code="none"\} [1-9]/);
  expect(worker).toContain("pombo_lanes_run 1\n");
  const notifier = await (await fetch(await served("notifier"))).text();
  const headers = { authorization: `Bearer ${pombo.ready.api_key}` };
  const api = await (await fetch(`${pombo.ready.api_url}/metrics`, { headers })).text();
  expect(api).toMatch(/pombo_accepted_total\{class="normal"\} [1-9]/);

  const shown = new Set(
    [...`${worker}${notifier}${api}`.matchAll(/^# TYPE (pombo_\w+) /gm)].map(([, name]) => name),
  );
  const guide = await readFile(join(import.meta.dirname, "..", "docs", "metrics.md"), "utf8");
  const rows = guide.split("\n").filter((line) => line.startsWith("| `pombo_"));
  const named = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(pombo_\w+)`/g)].map(([, name]) => name),
  );
  expect(new Set(named)).toEqual(shown);
});
