import { useMemo } from "react";
import { Chart, type Series } from "../../ui/chart.tsx";
import { formatCount, formatDuration, formatShare } from "../../ui/format.ts";
import { Figure, Figures } from "../../ui/figure.tsx";
import { Panel } from "../../ui/panel.tsx";
import { type Overview, perSecond } from "./overview.ts";

/** The five numbers. */
export function FlowFigures({ seen, now }: { readonly seen: Overview; readonly now: number }) {
  const { rates, accept_to_ack: latency, depth, totals } = seen;
  const failed = totals.failed;
  const ended = totals.sent + failed;
  return (
    <Figures>
      <RateFigure
        label="Accepted"
        rate={rates.accepted_per_s}
        total={totals.accepted}
        href="/messages"
        testId="overview.accepted"
      />
      <RateFigure
        label="Acked"
        rate={rates.acked_per_s}
        total={totals.sent}
        href="/messages?status=sent"
        testId="overview.acked"
      />
      <Figure
        label="Accept → ack, p50 / p99"
        value={
          latency.p50_ms === null || latency.p99_ms === null
            ? "–"
            : `${formatDuration(latency.p50_ms)} / ${formatDuration(latency.p99_ms)}`
        }
        raw={latency.p50_ms}
        note={`of ${formatCount(latency.count)} in 1 h`}
        testId="overview.latency"
      />
      <Figure
        label="Waiting"
        value={formatCount(depth.total)}
        raw={depth.total}
        note={drainSays(seen, now)}
        href="/devices?sort=-waiting"
        testId="overview.waiting"
      />
      <Figure
        label="Failed, 1 h"
        value={formatCount(failed)}
        raw={failed}
        note={`${formatShare(failed, ended)} · ${formatCount(seen.dead_letters)} dead letters`}
        href="/dead-letters"
        testId="overview.failed"
      />
    </Figures>
  );
}

interface RateFigureProps {
  readonly label: string;
  /** Messages a second. */
  readonly rate: number;
  /** Of the last hour. */
  readonly total: number;
  readonly href: string;
  readonly testId: string;
}

function RateFigure({ rate, total, ...figure }: RateFigureProps) {
  return (
    <Figure
      {...figure}
      value={rate}
      raw={total}
      unit="msg/s"
      note={`${formatCount(total)} in 1 h`}
    />
  );
}

function drainSays({ depth }: Overview, now: number): string {
  if (depth.total === 0) return "nothing to drain";
  if (depth.drained_at === null) return "nobody can say how long";
  return `about ${formatDuration(Date.parse(depth.drained_at) - now)}`;
}

export function FlowChart({ seen }: { readonly seen: Overview }) {
  const { buckets, step_s: stepS } = seen;
  // The last step has only begun.
  const over = useMemo(() => buckets.slice(0, -1), [buckets]);
  const times = useMemo(() => over.map(({ start }) => Date.parse(start)), [over]);
  const series = useMemo<readonly Series[]>(() => {
    const line = (of: "accepted" | "sent" | "failed" | "unknown") =>
      over.map((bucket) => perSecond(bucket[of], stepS));
    return [
      { label: "accepted", role: "neutral", dash: [6, 4], values: line("accepted") },
      { label: "acked", role: "moving", values: line("sent") },
      { label: "failed", role: "needs-you", dash: [12, 3], values: line("failed") },
      { label: "unknown", role: "waiting", dash: [2, 3], values: line("unknown") },
    ];
  }, [over, stepS]);
  return (
    <Panel title="The last hour">
      <Chart
        label="Messages a second"
        unit="msg/s"
        times={times}
        series={series}
        testId="overview.chart"
      />
    </Panel>
  );
}
