import { ArrowDown, ArrowUp } from "lucide-react";
import styles from "./data-table.module.css";
import type { SortOrder } from "./hold-order.ts";
import type { Column, TableModel } from "./use-table-model.ts";

interface TableHeadProps<Row> {
  readonly table: TableModel<Row>;
  readonly columns: readonly Column<Row>[];
  readonly sort: SortOrder | undefined;
  readonly onSort: (sort: SortOrder) => void;
  readonly selectable: boolean;
}

export function TableHead<Row>({ table, columns, sort, onSort, selectable }: TableHeadProps<Row>) {
  return (
    <thead role="rowgroup">
      <tr role="row" aria-rowindex={1}>
        {selectable ? (
          <th role="columnheader" className={styles.choice}>
            <input
              type="checkbox"
              aria-label="Choose all rows"
              checked={table.getIsAllRowsSelected()}
              onChange={(event) => table.toggleAllRowsSelected(event.target.checked)}
            />
          </th>
        ) : undefined}
        {columns.map((column) => (
          <th
            key={column.id}
            role="columnheader"
            aria-sort={sortOf(column, sort)}
            className={column.align === "end" ? styles.end : undefined}
            style={column.width === undefined ? undefined : { inlineSize: column.width }}
          >
            {column.sortBy === undefined ? (
              column.header
            ) : (
              <button
                type="button"
                className={styles.sort}
                onClick={() => onSort(nextSort(column.id, sort))}
              >
                {column.header}
                {sort?.by !== column.id ? undefined : sort.descending ? (
                  <ArrowDown aria-hidden size={12} />
                ) : (
                  <ArrowUp aria-hidden size={12} />
                )}
              </button>
            )}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function sortOf<Row>({ id, sortBy }: Column<Row>, sort: SortOrder | undefined) {
  if (sortBy === undefined) return undefined;
  if (sort?.by !== id) return "none";
  return sort.descending ? "descending" : "ascending";
}

function nextSort(id: string, sort: SortOrder | undefined): SortOrder {
  return { by: id, descending: sort?.by === id && !sort.descending };
}
