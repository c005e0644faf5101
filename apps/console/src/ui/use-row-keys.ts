import { type KeyboardEvent, useState } from "react";
import { useKeys } from "../shell/keyboard.ts";

interface RowKeysAsk<Row> {
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  readonly onOpen: ((row: Row) => void) | undefined;
  readonly toggle: ((id: string) => void) | undefined;
}

export interface RowKeys {
  /** The row that the keyboard is at: the only one that Tab reaches. */
  readonly at: number;
  /** Rises with each step, so that the row takes the focus. */
  readonly steps: number;
  readonly setAt: (index: number) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** `j` and `k` or the arrows step through rows, Enter opens, `x` chooses. */
export function useRowKeys<Row>({ rows, rowId, onOpen, toggle }: RowKeysAsk<Row>): RowKeys {
  const [{ index, steps }, setPlace] = useState({ index: 0, steps: 0 });
  const at = Math.min(index, Math.max(0, rows.length - 1));
  const step = (by: number): void => {
    const first = steps === 0 && by > 0;
    const next = first ? at : Math.max(0, Math.min(rows.length - 1, at + by));
    setPlace({ index: next, steps: steps + 1 });
  };
  const choose = (): void => {
    const row = rows[at];
    if (row !== undefined) toggle?.(rowId(row));
  };
  useKeys({ j: () => step(1), k: () => step(-1), ...(toggle === undefined ? {} : { x: choose }) });
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.target instanceof HTMLTableRowElement)) return;
    const row = rows[at];
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && row !== undefined && onOpen !== undefined) onOpen(row);
    else return;
    event.preventDefault();
  };
  return { at, steps, setAt: (next) => setPlace({ index: next, steps }), onKeyDown };
}
