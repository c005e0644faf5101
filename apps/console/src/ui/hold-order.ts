/** Rows as they stand on the page: their order moves only when somebody asks for it. */
export interface HeldRows<Row> {
  /** In the order that is shown, each as it was last seen. */
  readonly rows: readonly Row[];
  /** Ids of rows that are shown although they are gone. */
  readonly gone: ReadonlySet<string>;
  /** How many came that are not shown yet. */
  readonly fresh: number;
}

/**
 * Puts new contents into the rows that are shown, in place: nothing moves under the hand. What left stays, marked; what came is counted and
 * waits until it is asked for.
 */
export function holdOrder<Row>(
  shown: readonly Row[],
  arrived: readonly Row[],
  rowId: (row: Row) => string,
): HeldRows<Row> {
  const now = new Map(arrived.map((row) => [rowId(row), row]));
  const gone = new Set<string>();
  const rows = shown.map((row) => {
    const id = rowId(row);
    const next = now.get(id);
    if (next === undefined) gone.add(id);
    else now.delete(id);
    return next ?? row;
  });
  return { rows, gone, fresh: now.size };
}

export interface SortOrder {
  /** The column's id. */
  readonly by: string;
  readonly descending: boolean;
}

/** Stable, by number where both are numbers. */
export function sortRows<Row>(
  rows: readonly Row[],
  value: ((row: Row) => string | number) | undefined,
  descending: boolean,
): readonly Row[] {
  if (value === undefined) return rows;
  const sign = descending ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(value(a), value(b)));
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
