import { expect, test } from "vitest";
import { openLog } from "./log.ts";
import { label, measureLog } from "./measured-log.ts";
import { openMetrics } from "./metrics.ts";

test("a line is written and measured, also by a child; other lines are only written", async () => {
  const lines: string[] = [];
  const metrics = openMetrics();
  const ended = metrics.counter({ name: "jobs_total", help: "Jobs.", labels: ["end"] });
  const took = metrics.timer({ name: "job_seconds", help: "Their time.", labels: [] });
  const log = measureLog(
    openLog({ name: "test", destination: { write: (line) => void lines.push(line) } }),
    {
      "job.ended": ({ end, ms }) => {
        ended({ end: label(end) });
        took({}, Number(ms));
      },
    },
  );
  log.info("job.ended", { end: "proved", ms: 700 });
  log.child({ device_id: "dev_1" }).info("job.ended", { ms: 2_000 });
  log.warn("job.broke");
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    "job.ended",
    "job.ended",
    "job.broke",
  ]);
  const text = await metrics.render({});
  expect(text).toContain('pombo_jobs_total{end="proved"} 1');
  expect(text).toContain('pombo_jobs_total{end="none"} 1');
  expect(text).toContain("pombo_job_seconds_sum 2.7");
  expect(text).toContain('pombo_job_seconds_bucket{le="1"} 1');
});

test("a gauge by label forgets what is no longer told", async () => {
  const metrics = openMetrics();
  await metrics.render({ lanes: { by: "reason", values: { order: 2, pacing: 1 } } });
  const text = await metrics.render({ lanes: { by: "reason", values: { pacing: 4 } } });
  expect(text).toContain('pombo_lanes{reason="pacing"} 4');
  expect(text).not.toContain("order");
});
