import {
  type ColumnDef,
  type ReactTable,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { type ReactNode, useMemo } from "react";

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** Makes the column sortable. */
  readonly sortBy?: (row: Row) => string | number;
  /** Like `12ch`; the columns without share what is left. */
  readonly width?: string;
  /** Numbers stand at the end. */
  readonly align?: "end";
  /** Where it stands on a phone's card: first line, its end, second line, second line's end, or not at all. Second line when absent. */
  readonly card?: "lead" | "end" | "more" | "more-end" | "none";
}

export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly onChange: (ids: ReadonlySet<string>) => void;
}

const FEATURES = tableFeatures({ rowSelectionFeature });

// The one type that the parts of a table hand on to each other.
export type TableModel<Row> = ReactTable<typeof FEATURES, Row & object>;

interface ModelAsk<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  readonly selection: Selection | undefined;
}

const NONE: ReadonlySet<string> = new Set();

/** Columns, rows and what is chosen of them. Order is not its business: see `holdOrder`. */
export function useTableModel<Row>({ columns, rows, rowId, selection }: ModelAsk<Row>) {
  const chosen = selection?.ids ?? NONE;
  const definitions = useMemo(
    () =>
      columns.map(({ id, header, cell }): ColumnDef<typeof FEATURES, Row & object> => ({
        id,
        header,
        cell: ({ row }) => cell(row.original),
      })),
    [columns],
  );
  const rowSelection = useMemo(
    () => Object.fromEntries([...chosen].map((id) => [id, true as const])),
    [chosen],
  );
  return useTable({
    features: FEATURES,
    columns: definitions,
    data: rows as readonly (Row & object)[],
    getRowId: rowId,
    state: { rowSelection },
    enableRowSelection: selection !== undefined,
    onRowSelectionChange: (update) => {
      const next = typeof update === "function" ? update(rowSelection) : update;
      selection?.onChange(new Set(Object.keys(next).filter((id) => next[id] === true)));
    },
  });
}
