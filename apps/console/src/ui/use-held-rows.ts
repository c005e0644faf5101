import { useMemo, useState } from "react";
import type { Column } from "./use-table-model.ts";
import { type HeldRows, holdOrder, type SortOrder, sortRows } from "./hold-order.ts";

interface HeldAsk<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowId: (row: Row) => string;
  readonly sort: SortOrder | undefined;
  readonly orderKey?: string | undefined;
}

interface Anchor<Row> {
  readonly key: string;
  readonly rows: readonly Row[];
}

const NOBODY: ReadonlySet<string> = new Set();

/** @see holdOrder */
export function useHeldRows<Row>(ask: HeldAsk<Row>): HeldRows<Row> & { readonly show: () => void } {
  const { rows, columns, rowId, sort, orderKey } = ask;
  const key = `${orderKey ?? ""} ${sort?.by ?? ""} ${String(sort?.descending)}`;
  const sorted = (): readonly Row[] => {
    const value = columns.find(({ id }) => id === sort?.by)?.sortBy;
    return sortRows(rows, value, sort?.descending === true);
  };
  const [anchor, setAnchor] = useState<Anchor<Row>>(() => ({ key, rows: sorted() }));
  // Nothing that was shown can move while there was nothing.
  const restart = orderKey === undefined || anchor.key !== key || anchor.rows.length === 0;
  const shown = restart ? sorted() : anchor.rows;
  if (restart && orderKey !== undefined && (anchor.key !== key || rows.length > 0))
    setAnchor({ key, rows: shown });
  const held = useMemo(
    () => (restart ? { rows: shown, gone: NOBODY, fresh: 0 } : holdOrder(shown, rows, rowId)),
    [restart, shown, rows, rowId],
  );
  return { ...held, show: () => setAnchor({ key, rows: sorted() }) };
}
