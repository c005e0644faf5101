import type { Output } from "@pombo/sdk";
import { pombo } from "../../api/client.ts";
import { Empty } from "../../ui/async.tsx";
import { MessageId } from "../../ui/copyable.tsx";
import { CursorList, PAGE_ROWS } from "../../ui/cursor-list.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { formatCount } from "../../ui/format.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { ErrorValue } from "./error-value.tsx";

type Row = Output<"listBatchErrors">["errors"][number];

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "line",
    header: "Line",
    width: "10ch",
    align: "end",
    card: "lead",
    cell: ({ line }) => <span data-testid="batch.error.line">{formatCount(line)}</span>,
  },
  {
    id: "kind",
    header: "Kind",
    width: "15ch",
    card: "end",
    cell: ({ kind }) => <StatusMark status={kind} role="neutral" />,
  },
  { id: "field", header: "Field", width: "14ch", card: "none", cell: ({ field }) => field },
  {
    id: "value",
    header: "Value",
    width: "24ch",
    card: "none",
    cell: ({ field, value }) => <ErrorValue field={field} value={value} />,
  },
  {
    id: "message",
    header: "What is wrong",
    card: "more",
    cell: ({ message, message_id: id }) => (
      <>
        {message} {id === null ? undefined : <MessageId id={id} />}
      </>
    ),
  },
];

/** Rows that are no messages, and why, by their lines in the file. */
export function BatchErrors({ id }: { readonly id: string }) {
  return (
    <CursorList<Row>
      label="Rows that were left out"
      what="the rows that were left out"
      testId="batch.errors"
      queryKey={["batch-errors", id]}
      fetchPage={async (cursor, signal) => {
        const given = cursor === undefined ? {} : { cursor };
        const page = await pombo.listBatchErrors({ id, limit: PAGE_ROWS, ...given }, { signal });
        return { rows: page.errors, next: page.next_cursor };
      }}
      columns={COLUMNS}
      rowId={({ row, field, kind }) => `${row} ${field} ${kind}`}
      empty={<Empty title="Every row was accepted." />}
    />
  );
}
