import type { SortOrder } from "../../ui/hold-order.ts";

/** "Needs you" first. */
const FIRST: SortOrder = { by: "state", descending: false };

/** `waiting`, or `-waiting` for the most first. */
export function readSort(text: string | undefined): SortOrder {
  if (text === undefined || text === "") return FIRST;
  return text.startsWith("-")
    ? { by: text.slice(1), descending: true }
    : { by: text, descending: false };
}

export function writeSort({ by, descending }: SortOrder): string | undefined {
  if (by === FIRST.by && descending === FIRST.descending) return undefined;
  return descending ? `-${by}` : by;
}
