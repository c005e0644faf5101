import { useNavigate } from "@tanstack/react-router";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import type { PomboEvent } from "@pombo/sdk";
import { useEffect, useRef, useState } from "react";
import { pombo } from "../../api/client.ts";
import { useLive } from "../../api/live.ts";
import { useMissingScope } from "../../api/session.ts";
import { Empty, NoMatch } from "../../ui/async.tsx";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { type Column } from "../../ui/data-table.tsx";
import { CursorList, PAGE_ROWS } from "../../ui/cursor-list.tsx";
import { formatCount } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { Time } from "../../ui/time.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import styles from "./batches.module.css";
import { batchesVerdict } from "./batch-verdict.ts";
import { type Patches, patched, patchesOf } from "./list-patch.ts";
import { acknowledged, type Batch, leftOut, waiting } from "./outcome.ts";
import { nameOf, type Sender, useSenders } from "../../api/use-senders.ts";

type Row = Pick<Batch, "batch_id" | "name" | "status" | "from" | "counts" | "created_at">;

const STATES = [
  "receiving",
  "ready",
  "running",
  "paused",
  "completed",
  "canceled",
  "abandoned",
] as const;

function columnsOf(senders: readonly Sender[] | undefined): readonly Column<Row>[] {
  return [
    {
      id: "status",
      header: "Status",
      width: "17ch",
      card: "end",
      cell: ({ status }) => <StatusMark status={status} />,
    },
    {
      id: "name",
      header: "Batch",
      card: "lead",
      cell: ({ name, batch_id: id }) => name ?? <code>{id}</code>,
    },
    { id: "from", header: "From", cell: ({ from }) => nameOf(senders, from) },
    {
      id: "waiting",
      header: "Waiting",
      width: "11ch",
      align: "end",
      card: "none",
      cell: ({ counts }) => formatCount(waiting(counts)),
    },
    {
      id: "acknowledged",
      header: "Acknowledged",
      width: "20ch",
      align: "end",
      card: "more-end",
      cell: ({ counts }) =>
        `${formatCount(acknowledged(counts))} of ${formatCount(counts.accepted)}`,
    },
    {
      id: "failed",
      header: "Failed",
      width: "9ch",
      align: "end",
      card: "none",
      cell: ({ counts }) => formatCount(counts.failed),
    },
    {
      id: "left-out",
      header: "Left out",
      width: "10ch",
      align: "end",
      card: "none",
      cell: ({ counts }) => formatCount(leftOut(counts)),
    },
    {
      id: "created",
      header: "Created",
      width: "18ch",
      card: "none",
      cell: ({ created_at: at }) => <Time at={at} />,
    },
  ];
}

/** What was uploaded, newest first. */
export function BatchesPage() {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [search, change] = useSearchState();
  const { status } = search;
  const senders = useSenders();
  const missing = useMissingScope("messages:send");
  const [patches, setPatches] = useState<Patches>(new Map());
  const known = useRef<ReadonlySet<string>>(new Set());
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const recent = useQuery({
    queryKey: ["batches", "recent"],
    queryFn: ({ signal }) => pombo.listBatches({ limit: 50 }, { signal }),
  });
  useLive((events) => {
    setPatches((before) => patchesOf(before, events));
    setFresh((ids) => new Set([...ids, ...newOnes(events, known.current)]));
    if (events.some(({ type }) => type.startsWith("batch.") && type !== "batch.progress"))
      void cache.invalidateQueries({ queryKey: ["batches", "recent"] });
  });
  useEffect(() => {
    const ids = recent.data?.batches.map((one) => one.batch_id) ?? [];
    if (known.current.size === 0) known.current = new Set(ids);
  }, [recent.data]);
  const show = (): void => {
    known.current = new Set([...known.current, ...fresh]);
    setFresh(new Set());
    void cache.invalidateQueries({ queryKey: ["batches", "list"] });
  };
  const state = STATES.find((one) => one === status);
  return (
    <Page
      title="Batches"
      aside={
        missing === undefined ? (
          <ButtonLink
            href="/batches/new"
            variant="primary"
            icon={<Plus aria-hidden size={16} />}
            data-testid="batches.new"
          >
            New batch
          </ButtonLink>
        ) : (
          <Button variant="primary" disabledBecause={missing}>
            New batch
          </Button>
        )
      }
    >
      <Verdict testId="batches.verdict">
        {recent.data === undefined ? undefined : batchesVerdict(recent.data.batches)}
      </Verdict>
      <div className={styles.filters}>
        <SelectField
          label="Status"
          value={state ?? ""}
          onChange={(next) => change({ status: next })}
          options={[
            { value: "", label: "All" },
            ...STATES.map((one) => ({ value: one, label: wordOf(one) })),
          ]}
        />
        {fresh.size === 0 ? undefined : (
          <Button
            onClick={show}
            data-testid="batches.fresh"
          >{`Show ${formatCount(fresh.size)} new`}</Button>
        )}
      </div>
      <CursorList<Row>
        label="Batches"
        what="the batches"
        testId="batches.list"
        queryKey={["batches", "list", state ?? ""]}
        fetchPage={async (cursor, signal) => {
          const page = await pombo.listBatches(
            {
              limit: PAGE_ROWS,
              ...(state === undefined ? {} : { status: state }),
              ...(cursor === undefined ? {} : { cursor }),
            },
            { signal },
          );
          return { rows: page.batches, next: page.next_cursor };
        }}
        refresh={(rows) => patched(rows, patches)}
        columns={columnsOf(senders.data)}
        rowId={(row) => row.batch_id}
        onOpen={({ batch_id: id }) => void navigate({ to: "/batches/$id", params: { id } })}
        empty={
          state === undefined ? (
            <Empty
              title="Nothing was uploaded yet. A batch is many messages from one file."
              curl={`curl "$POMBO/v1/batches?from=DEVICE&template=Hello" -H "Authorization: Bearer $KEY" -H "Content-Type: text/csv" --data-binary @people.csv`}
            />
          ) : (
            <NoMatch
              title={`No batch is ${wordOf(state).toLowerCase()}.`}
              onClear={() => change({ status: undefined })}
            />
          )
        }
      />
    </Page>
  );
}

/** Batches that events tell of, and that the list was made without. */
function newOnes(events: readonly PomboEvent[], known: ReadonlySet<string>): readonly string[] {
  return events.flatMap(({ type, data }) => {
    const id = data["batch_id"];
    return type === "batch.accepted" && typeof id === "string" && !known.has(id) ? [id] : [];
  });
}
