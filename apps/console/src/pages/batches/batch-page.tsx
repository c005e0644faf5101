import { useParams } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { useLive } from "../../api/live.ts";
import { serverNow } from "../../api/server-clock.ts";
import { Async } from "../../ui/async.tsx";
import { Figure, Figures } from "../../ui/figure.tsx";
import { formatCount } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SegmentedBar } from "../../ui/segmented-bar.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { BatchActions } from "./batch-actions.tsx";
import { BatchFacts } from "./batch-facts.tsx";
import { BatchFailures } from "./batch-failures.tsx";
import { BatchLanes } from "./batch-lanes.tsx";
import { batchVerdict, etaText } from "./batch-verdict.ts";
import styles from "./batches.module.css";
import { acknowledged, type Batch, leftOut, segmentsOf, waiting, withWhatsApp } from "./outcome.ts";
import { SaveErrors } from "./save-errors.tsx";

// Tables are loaded when their tab is opened.
const BatchErrors = lazy(async () => ({
  default: (await import("./batch-errors.tsx")).BatchErrors,
}));
const BatchRows = lazy(async () => ({ default: (await import("./batch-rows.tsx")).BatchRows }));

const ENDED: readonly Batch["status"][] = ["completed", "canceled", "abandoned"];
const POLL_MS = 2_000;

/** One batch: when it is done, and what went wrong. */
export function BatchPage() {
  const { id = "" }: { readonly id?: string } = useParams({ strict: false });
  const poll = usePoll(POLL_MS);
  const batch = useQuery({
    queryKey: ["batch", id],
    queryFn: ({ signal }) => pombo.getBatch({ id }, { signal }),
    // What has ended changes by receipts and redrives only: its events tell.
    refetchInterval: ({ state: { data } }) =>
      data !== undefined && ENDED.includes(data.status) && data.counts.unknown === 0 ? false : poll,
  });
  useLive((events) => {
    if (events.some(({ data }) => data["batch_id"] === id)) void batch.refetch();
  });
  const { data } = batch;
  return (
    <Page
      title={data?.name ?? `Batch ${id}`}
      aside={
        data === undefined ? undefined : (
          <>
            <StatusMark status={data.status} testId="batch.status" />
            <BatchActions batch={data} onChanged={() => void batch.refetch()} />
          </>
        )
      }
    >
      <Async query={batch} what="the batch" height={320}>
        {(seen) => <Contents batch={seen} />}
      </Async>
    </Page>
  );
}

function Contents({ batch }: { readonly batch: Batch }) {
  const { batch_id: id, counts } = batch;
  const ended = ENDED.includes(batch.status);
  return (
    <>
      <Verdict testId="batch.verdict">{batchVerdict(batch, serverNow())}</Verdict>
      <SegmentedBar
        label="Messages by outcome"
        segments={segmentsOf(counts)}
        testId="batch.outcome"
      />
      <Progress batch={batch} ended={ended} />
      <div className={styles.split}>
        {ended ? undefined : <BatchLanes id={id} />}
        {batch.failures.length === 0 ? undefined : <BatchFailures batch={batch} />}
        <BatchFacts batch={batch} />
      </div>
      <Rows batch={batch} />
    </>
  );
}

function Progress({ batch, ended }: { readonly batch: Batch; readonly ended: boolean }) {
  const { counts, rate } = batch;
  const end = ended ? undefined : etaText(batch, serverNow());
  return (
    <Figures>
      <Figure label="Accepted" value={formatCount(counts.accepted)} raw={counts.accepted} />
      <Figure
        label="Waiting"
        value={formatCount(waiting(counts))}
        raw={waiting(counts)}
        testId="batch.waiting"
        note={end === undefined ? undefined : `done ${end}`}
      />
      <Figure
        label="With WhatsApp"
        value={formatCount(withWhatsApp(counts))}
        raw={withWhatsApp(counts)}
        testId="batch.with-whatsapp"
        note={`${formatCount(acknowledged(counts))} acknowledged`}
      />
      <Figure
        label="Rate"
        value={rate === null ? "–" : rate.toFixed(rate < 10 ? 1 : 0)}
        unit={rate === null ? undefined : "msg/s"}
        raw={rate}
        note={rate === null ? "nothing left lately" : "of the last 10 s"}
      />
      <Figure
        label="Left out"
        value={formatCount(leftOut(counts))}
        raw={leftOut(counts)}
        testId="batch.left-out"
        href={`/batches/${batch.batch_id}?tab=errors`}
        note={leftOutNote(counts)}
      />
    </Figures>
  );
}

function leftOutNote({ invalid, duplicate, suppressed }: Batch["counts"]): string {
  return `${formatCount(invalid)} invalid, ${formatCount(duplicate)} duplicate, ${formatCount(suppressed)} suppressed`;
}

const TABS = ["rows", "errors"] as const;

function Rows({ batch }: { readonly batch: Batch }) {
  const [search, change] = useSearchState();
  const tab = TABS.find((one) => one === search["tab"]) ?? "rows";
  const { batch_id: id, counts } = batch;
  return (
    <Panel title="What became of each row" testId="batch.rows">
      <Tabs
        label="Rows"
        value={tab}
        onChange={(next) => change({ tab: next === "rows" ? undefined : next })}
        tabs={[
          {
            id: "rows",
            label: `Messages ${formatCount(counts.accepted)}`,
            content:
              tab === "rows"
                ? whenLoaded(<BatchRows id={id} status={search["status"]} />)
                : undefined,
          },
          {
            id: "errors",
            label: `Left out ${formatCount(leftOut(counts))}`,
            content: tab === "errors" ? leftOutRows(id, leftOut(counts) > 0) : undefined,
          },
        ]}
      />
    </Panel>
  );
}

function leftOutRows(id: string, any: boolean): ReactNode {
  return (
    <div className={styles.rows}>
      {any ? <SaveErrors id={id} /> : undefined}
      {whenLoaded(<BatchErrors id={id} />)}
    </div>
  );
}

function whenLoaded(table: ReactNode): ReactNode {
  return <Suspense fallback={null}>{table}</Suspense>;
}
