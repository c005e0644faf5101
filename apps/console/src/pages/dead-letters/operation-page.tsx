import type { Output } from "@pombo/sdk";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Async } from "../../ui/async.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { counted } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SegmentedBar } from "../../ui/segmented-bar.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import { Verdict } from "../../ui/verdict.tsx";
import styles from "./groups-panel.module.css";
import { operationVerdict, refusalWords } from "./operation-words.ts";

type Operation = Output<"getOperation">;

/** Runs in the workers: this page only watches, and may be closed. */
export function OperationPage() {
  const { id = "" }: { readonly id?: string } = useParams({ strict: false });
  const poll = usePoll(1_000);
  const operation = useQuery({
    queryKey: ["operation", id],
    queryFn: ({ signal }) => pombo.getOperation({ id }, { signal }),
    refetchInterval: ({ state }) =>
      state.data?.state === "running" || state.data === undefined ? poll : false,
  });
  return (
    <Page title="Operation" aside={<Copyable value={id} label="operation id" />}>
      <Async query={operation} what="this operation" height={240}>
        {(found) => <Told operation={found} />}
      </Async>
    </Page>
  );
}

function Told({ operation }: { readonly operation: Operation }) {
  const { kind, state, total, done, failed, skipped, refused } = operation;
  const verb = kind === "redrive" ? "Sent again" : kind === "discard" ? "Discarded" : "Erased";
  const left = Math.max(0, total - done - failed - skipped);
  return (
    <>
      <div>
        <StatusMark status={MARKS[state]} testId="operation.state">
          {state === "running" ? "Running" : state === "done" ? "Done" : "Failed"}
        </StatusMark>
      </div>
      <Verdict testId="operation.verdict">{operationVerdict(operation)}</Verdict>
      <Panel title="Progress" testId="operation.progress">
        <SegmentedBar
          label="What came of them"
          testId="operation.bar"
          segments={[
            { id: "done", label: verb, count: done, role: "moving" },
            { id: "failed", label: "Refused", count: failed, role: "needs-you" },
            { id: "skipped", label: "Not meant", count: skipped, role: "neutral", striped: true },
            { id: "left", label: "To look at", count: left, role: "neutral" },
          ]}
        />
        {Object.entries(refused).length === 0 ? undefined : (
          <ul className={styles.list}>
            {Object.entries(refused).map(([reason, count]) => (
              <li key={reason}>
                {counted(count, "letter")}: {refusalWords(reason)}
              </li>
            ))}
          </ul>
        )}
        <p>
          Begun <Time at={operation.created_at} />
          {operation.finished_at === null ? undefined : (
            <>
              , ended <Time at={operation.finished_at} />
            </>
          )}
          . It runs in the workers: you may close this page.
        </p>
      </Panel>
      <p>
        <AppLink href="/dead-letters">Dead letters</AppLink>
      </p>
    </>
  );
}

const MARKS = { running: "running", done: "completed", failed: "failed" } as const;
