import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect } from "react";
import styles from "./data-table.module.css";
import { useAnchor } from "./use-anchor.ts";
import { useOffset } from "./use-offset.ts";
import type { RowKeys } from "./use-row-keys.ts";
import type { Column, TableModel } from "./use-table-model.ts";

interface TableRowsProps<Row> {
  readonly table: TableModel<Row>;
  readonly frame: RefObject<HTMLTableElement | null>;
  readonly columns: readonly Column<Row>[];
  readonly gone: ReadonlySet<string>;
  readonly keys: RowKeys;
  readonly selectable: boolean;
  /** Rows come and go at both ends: what is seen stays where it is. */
  readonly anchored: boolean;
  readonly onOpen: ((row: Row) => void) | undefined;
  readonly onEnd: (() => void) | undefined;
  readonly onStart: (() => void) | undefined;
}

const ROW_PX = 36;
const CARD_PX = 64;
/** Beyond the edges of the window. */
const OVERSCAN = 6;
/** However tall the window is. */
const MOST_ROWS = 60;

/** The rows near the window, between two spacers that stand for all others. */
export function TableRows<Row>(props: TableRowsProps<Row>) {
  const { table, frame, keys, onEnd, onStart } = props;
  const { rows } = table.getRowModel();
  const top = useOffset(frame);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (window.innerWidth < 720 ? CARD_PX : ROW_PX),
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: OVERSCAN,
    scrollMargin: top,
    // React may paint a scrolled list a frame later; it need not be forced.
    useFlushSync: false,
  });
  const items = virtual.getVirtualItems().slice(0, MOST_ROWS);
  const first = items[0];
  const last = items.at(-1);
  useAnchor({ rows, items, starts: virtual.measurementsCache, on: props.anchored });
  useEffect(() => {
    if (last !== undefined && last.index >= rows.length - OVERSCAN) onEnd?.();
    if (first !== undefined && first.index < OVERSCAN) onStart?.();
  }, [last?.index, first?.index, rows.length]);
  useEffect(() => {
    if (keys.steps === 0) return;
    virtual.scrollToIndex(keys.at, { align: "auto" });
    const row = frame.current?.querySelector<HTMLElement>(`[data-index="${keys.at}"]`);
    row?.focus({ preventScroll: true });
  }, [keys.steps]);
  const before = (first?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((last?.end ?? top) - top);
  return (
    <tbody role="rowgroup">
      <Spacer height={before} />
      {items.map(({ index }) => {
        const row = rows[index];
        return row === undefined ? undefined : (
          <TableRow
            key={row.id}
            {...props}
            index={index}
            row={row}
            measure={virtual.measureElement}
          />
        );
      })}
      <Spacer height={after} />
    </tbody>
  );
}

type ModelRow<Row> = ReturnType<TableModel<Row>["getRow"]>;

interface TableRowProps<Row> extends TableRowsProps<Row> {
  readonly row: ModelRow<Row>;
  readonly index: number;
  readonly measure: (element: HTMLElement | null) => void;
}

function TableRow<Row>({ row, index, measure, ...props }: TableRowProps<Row>) {
  const { columns, gone, keys, selectable, onOpen } = props;
  const isGone = gone.has(row.id);
  const chosen = row.getIsSelected();
  return (
    <tr
      ref={measure}
      role="row"
      className={styles.row}
      data-index={index}
      data-id={row.id}
      data-gone={isGone || undefined}
      data-opens={onOpen !== undefined || undefined}
      aria-rowindex={index + 2}
      aria-selected={selectable ? chosen : undefined}
      tabIndex={index === keys.at ? 0 : -1}
      onFocus={() => keys.setAt(index)}
      onClick={(event) => {
        if (onOpen !== undefined && !isControl(event.target)) onOpen(row.original);
      }}
    >
      {selectable ? (
        <td role="cell" className={styles.choice}>
          <input
            type="checkbox"
            aria-label={`Choose row ${index + 1}`}
            checked={chosen}
            onChange={(event) => row.toggleSelected(event.target.checked)}
          />
        </td>
      ) : undefined}
      {columns.map((column) => (
        <td
          key={column.id}
          role="cell"
          data-card={column.card ?? "more"}
          className={column.align === "end" ? styles.end : undefined}
        >
          {column.cell(row.original)}
        </td>
      ))}
    </tr>
  );
}

function Spacer({ height }: { readonly height: number }) {
  return height <= 0 ? undefined : (
    <tr aria-hidden>
      <td className={styles.spacer} style={{ blockSize: height }} />
    </tr>
  );
}

/** A click on a link, a button or a text that is being marked is not meant for the row. */
function isControl(target: EventTarget): boolean {
  if (window.getSelection()?.isCollapsed === false) return true;
  return target instanceof Element && target.closest("a,button,input,label,select") !== null;
}
