import { useNavigate } from "@tanstack/react-router";
import type { Input, Output } from "@pombo/sdk";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { Empty, NoMatch } from "../../ui/async.tsx";
import { MessageId } from "../../ui/copyable.tsx";
import { CursorList, PAGE_ROWS } from "../../ui/cursor-list.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { formatCount } from "../../ui/format.ts";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { useSearchState } from "../../ui/use-search-state.ts";

type Row = Output<"listBatchMessages">["messages"][number];
type Status = NonNullable<Input<"listBatchMessages">["status"]>;

const STATUSES: readonly Status[] = [
  "scheduled",
  "queued",
  "sending",
  "unknown",
  "sent",
  "delivered",
  "read",
  "played",
  "failed",
  "expired",
  "canceled",
];

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "row",
    header: "Row",
    width: "10ch",
    align: "end",
    card: "more",
    cell: ({ row }) => formatCount(row),
  },
  {
    id: "status",
    header: "Status",
    width: "16ch",
    card: "end",
    cell: ({ status }) => <StatusMark status={status} />,
  },
  {
    id: "to",
    header: "To",
    width: "20ch",
    card: "lead",
    cell: ({ chat_jid: chat }) => <PhoneNumber value={chat.replace("@s.whatsapp.net", "")} />,
  },
  { id: "ref", header: "Reference", card: "none", cell: ({ client_ref: ref }) => ref ?? "–" },
  {
    id: "error",
    header: "Failed with",
    card: "more-end",
    cell: ({ error_code: code }) => (code === null ? "–" : wordOf(code)),
  },
  {
    id: "id",
    header: "Message",
    width: "20ch",
    card: "none",
    cell: ({ message_id: id }) => <MessageId id={id} />,
  },
];

const SETTLED: readonly Status[] = ["read", "played", "failed", "expired", "canceled"];
const POLL_MS = 2_000;
/** Ids of one poll. */
const MOST = 1_000;

/** The accepted rows in their order, as many as there may be. */
export function BatchRows({
  id,
  status,
}: {
  readonly id: string;
  readonly status?: string | undefined;
}) {
  const navigate = useNavigate();
  const [, change] = useSearchState();
  const [unsettled, setUnsettled] = useState<readonly string[]>([]);
  const heads = useStatuses(id, unsettled);
  const wanted = STATUSES.find((one) => one === status);
  return (
    <>
      <SelectField
        label="Status"
        value={wanted ?? ""}
        onChange={(next) => change({ status: next })}
        options={[
          { value: "", label: "All" },
          ...STATUSES.map((one) => ({ value: one, label: wordOf(one) })),
        ]}
      />
      <CursorList<Row>
        label="Messages of the batch"
        what="its messages"
        testId="batch.messages"
        queryKey={["batch-rows", id, wanted ?? ""]}
        fetchPage={async (cursor, signal) => {
          const page = await pombo.listBatchMessages(
            {
              id,
              limit: PAGE_ROWS,
              ...(wanted === undefined ? {} : { status: wanted }),
              ...(cursor === undefined ? {} : { cursor }),
            },
            { signal },
          );
          const open = page.messages.filter((row) => !SETTLED.includes(row.status));
          setUnsettled((ids) =>
            [...new Set([...ids, ...open.map((row) => row.message_id)])].slice(-MOST),
          );
          return { rows: page.messages, next: page.next_cursor };
        }}
        refresh={(rows) =>
          rows.map((row) => {
            const now = heads.get(row.message_id);
            return now === undefined || now === row.status ? row : { ...row, status: now };
          })
        }
        columns={COLUMNS}
        rowId={(row) => row.message_id}
        onOpen={({ message_id: message }) =>
          void navigate({ to: "/messages/$id", params: { id: message } })
        }
        empty={
          wanted === undefined ? (
            <Empty title="No row was accepted: see what was left out." />
          ) : (
            <NoMatch
              title={`No row is ${wordOf(wanted).toLowerCase()}.`}
              onClear={() => change({ status: undefined })}
            />
          )
        }
      />
    </>
  );
}

const NOBODY: ReadonlyMap<string, Status> = new Map();

/** What became of rows since they were listed: asked for in one request, as long as they may still change. */
function useStatuses(batch: string, ids: readonly string[]): ReadonlyMap<string, Status> {
  const poll = usePoll(POLL_MS);
  const heads = useQuery({
    queryKey: ["batch-heads", batch, ids],
    enabled: ids.length > 0,
    refetchInterval: poll,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, Status>> => {
      const { messages } = await pombo.pollMessages({ ids: [...ids] }, { signal });
      return new Map(
        messages.flatMap((message) =>
          message === null ? [] : [[message.message_id, message.status] as const],
        ),
      );
    },
  });
  return heads.data ?? NOBODY;
}
