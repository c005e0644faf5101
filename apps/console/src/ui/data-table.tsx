import { useRef, useState } from "react";
import { Button } from "./button.tsx";
import styles from "./data-table.module.css";
import { formatCount } from "./format.ts";
import type { SortOrder } from "./hold-order.ts";
import { TableHead } from "./table-head.tsx";
import { TableRows } from "./table-rows.tsx";
import { type Column, type Selection, useTableModel } from "./use-table-model.ts";
import { useHeldRows } from "./use-held-rows.ts";
import { useRowKeys } from "./use-row-keys.ts";

export interface DataTableProps<Row> {
  /** What the rows are. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  /** Enter, or a click on the row. */
  readonly onOpen?: ((row: Row) => void) | undefined;
  /** Ids of chosen rows; a column of checkboxes comes with it. */
  readonly selection?: Selection | undefined;
  /** How it is sorted, where the page keeps that (in its address). */
  readonly sort?: SortOrder | undefined;
  readonly onSort?: (sort: SortOrder) => void;
  /**
   * Order and membership stay as they are until this changes (a filter, a range), the user sorts, or asks for what is new. Undefined: rows are
   * shown as they come, for lists that only grow at their end.
   */
  readonly orderKey?: string | undefined;
  /** Called as the end comes near. */
  readonly onEnd?: (() => void) | undefined;
  readonly onStart?: (() => void) | undefined;
  readonly testId?: string;
}

/** Rows of any number, a few dozen of them in the document. On a phone each is a card of two lines. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rowId, onOpen, selection, testId } = props;
  const [own, setOwn] = useState<SortOrder>();
  const sort = props.sort ?? own;
  const held = useHeldRows({ ...props, sort });
  const table = useTableModel({ columns, rows: held.rows, rowId, selection });
  const frame = useRef<HTMLTableElement>(null);
  const keys = useRowKeys({
    rows: held.rows,
    rowId,
    onOpen,
    toggle: selection === undefined ? undefined : (id) => table.getRow(id).toggleSelected(),
  });
  return (
    <div className={styles.frame} data-testid={testId} data-rows={held.rows.length}>
      {held.fresh === 0 ? undefined : (
        <div className={styles.fresh}>
          <Button onClick={held.show} data-testid="table.new">
            Show {formatCount(held.fresh)} new
          </Button>
        </div>
      )}
      <table
        ref={frame}
        className={styles.table}
        role="table"
        aria-label={label}
        aria-rowcount={held.rows.length + 1}
        onKeyDown={keys.onKeyDown}
      >
        <TableHead
          table={table}
          columns={columns}
          sort={sort}
          onSort={(next) => (props.onSort ?? setOwn)(next)}
          selectable={selection !== undefined}
        />
        <TableRows
          table={table}
          frame={frame}
          columns={columns}
          gone={held.gone}
          keys={keys}
          selectable={selection !== undefined}
          anchored={props.orderKey === undefined}
          onOpen={onOpen}
          onEnd={props.onEnd}
          onStart={props.onStart}
        />
      </table>
    </div>
  );
}

export type { Column } from "./use-table-model.ts";
