import { useNavigate } from "@tanstack/react-router";
import type { Input, Output } from "@pombo/sdk";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
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
import { STATUSES } from "../messages/message-filter.ts";
import { seenIds } from "../messages/use-lively-rows.ts";

type Row = Output<"listBatchMessages">["messages"][number];
type Status = NonNullable<Input<"listBatchMessages">["status"]>;

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
const TEST_ID = "batch.messages";

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
  const refresh = useStatuses(id);
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
        testId={TEST_ID}
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
          return { rows: page.messages, next: page.next_cursor };
        }}
        refresh={refresh}
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

type Statuses = ReadonlyMap<string, Status>;

const NOBODY: Statuses = new Map();

/** Rows as they are now: those that are seen and may still change are asked about, in one request. */
function useStatuses(batch: string): (rows: readonly Row[]) => readonly Row[] {
  const rows = useRef<readonly Row[]>([]);
  const poll = usePoll(POLL_MS);
  const { data: statuses = NOBODY } = useQuery({
    queryKey: ["batch-rows", batch, "statuses"],
    refetchInterval: poll,
    queryFn: async ({ signal, client, queryKey }): Promise<Statuses> => {
      const before = client.getQueryData<Statuses>(queryKey) ?? NOBODY;
      const seen = seenIds(TEST_ID);
      const ids = rows.current
        .filter((row) => seen.has(row.message_id) && !SETTLED.includes(nowOf(row, before)))
        .map((row) => row.message_id);
      if (ids.length === 0) return before;
      const { messages } = await pombo.pollMessages({ ids }, { signal });
      const found = messages.filter((message) => message !== null);
      return new Map([...before, ...found.map((one) => [one.message_id, one.status] as const)]);
    },
  });
  return useCallback(
    (given) => {
      rows.current = given;
      return given.map((row) => {
        const status = nowOf(row, statuses);
        return status === row.status ? row : { ...row, status };
      });
    },
    [statuses],
  );
}

function nowOf({ message_id: id, status }: Row, statuses: Statuses): Status {
  return statuses.get(id) ?? status;
}
