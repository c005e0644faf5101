import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { Async } from "./async.tsx";
import { Button } from "./button.tsx";
import styles from "./cursor-list.module.css";
import { DataTable, type DataTableProps } from "./data-table.tsx";

interface CursorPage<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
}

interface CursorListProps<Row> extends Omit<
  DataTableProps<Row>,
  "rows" | "onEnd" | "onStart" | "orderKey"
> {
  /** Filters and all: another key is another list. */
  readonly queryKey: readonly unknown[];
  /** One page of at most {@link PAGE_ROWS}; without a cursor the first. */
  readonly fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<CursorPage<Row>>;
  /** What the rows are called when they can't be told: "the messages". */
  readonly what: string;
  readonly empty: ReactNode;
  /** Puts newer contents into rows: what was polled for those that are seen. */
  readonly refresh?: (rows: readonly Row[]) => readonly Row[];
}

export const PAGE_ROWS = 200;
/** Pages that are kept: what is far above is asked for again on the way back. */
const MOST_PAGES = 10;

interface Place {
  readonly cursor: string | undefined;
  /** The cursors of the pages before it. */
  readonly before: readonly (string | undefined)[];
}

const START: Place = { cursor: undefined, before: [] };

/** A list that goes on as it is scrolled, of any length, with a bounded part of it kept. */
export function CursorList<Row>(props: CursorListProps<Row>) {
  const { queryKey, fetchPage, what, empty, refresh = same, ...table } = props;
  const list = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam.cursor, signal),
    initialPageParam: START,
    getNextPageParam: ({ next }, _pages, { cursor, before }): Place | null =>
      next === null ? null : { cursor: next, before: [...before, cursor] },
    getPreviousPageParam: (_first, _pages, { before }): Place | null =>
      before.length === 0 ? null : { cursor: before.at(-1), before: before.slice(0, -1) },
    maxPages: MOST_PAGES,
    // A page that moves while it is read would show rows twice.
    refetchOnWindowFocus: false,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.rows) ?? [], [list.data]);
  const shown = refresh(rows);
  return (
    <Async query={list} what={what} height={400} isEmpty={() => rows.length === 0} empty={empty}>
      {() => (
        <>
          <DataTable
            {...table}
            rows={shown}
            onEnd={() => {
              if (list.hasNextPage && !list.isFetching) void list.fetchNextPage();
            }}
            onStart={() => {
              if (list.hasPreviousPage && !list.isFetching) void list.fetchPreviousPage();
            }}
          />
          <p className={styles.foot}>
            {list.isFetchingNextPage
              ? "Loading more …"
              : list.hasNextPage
                ? undefined
                : "This is the end."}
            {list.hasNextPage && !list.isFetching ? (
              <Button onClick={() => void list.fetchNextPage()}>Load more</Button>
            ) : undefined}
          </p>
        </>
      )}
    </Async>
  );
}

function same<Row>(rows: readonly Row[]): readonly Row[] {
  return rows;
}
