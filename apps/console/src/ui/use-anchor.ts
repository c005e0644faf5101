import { useLayoutEffect, useRef } from "react";

interface Placed {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

interface AnchorAsk {
  readonly rows: readonly { readonly id: string }[];
  /** Those in the document. */
  readonly items: readonly Placed[];
  /** Of all rows. */
  readonly starts: readonly Placed[];
  readonly on: boolean;
}

/** Rows that come or go above the window move the page with them, so that what is seen stands still. */
export function useAnchor({ rows, items, starts, on }: AnchorAsk): void {
  const kept = useRef<{ readonly id: string; readonly start: number; readonly head: string }>(
    undefined,
  );
  useLayoutEffect(() => {
    const head = rows[0]?.id ?? "";
    const before = kept.current;
    if (on && before !== undefined && before.head !== head) {
      const place = starts[rows.findIndex(({ id }) => id === before.id)];
      if (place !== undefined) window.scrollBy(0, place.start - before.start);
    }
    const seen = items.find(({ end }) => end > window.scrollY) ?? items[0];
    const row = seen === undefined ? undefined : rows[seen.index];
    if (seen !== undefined && row !== undefined)
      kept.current = { id: row.id, start: seen.start, head };
  });
}
