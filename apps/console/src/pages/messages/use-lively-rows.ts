import type { Output } from "@pombo/sdk";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { serverNow } from "../../api/server-clock.ts";
import { isLively, type MessageRow } from "./message-filter.ts";

type Head = NonNullable<Output<"pollMessages">["messages"][number]>;

type Heads = ReadonlyMap<string, Head>;

const POLL_MS = 2_000;
const NONE: Heads = new Map();

/** Newer contents for rows of the list: those that are seen and not settled are asked about, all in one request. */
export function useLivelyRows(
  testId: string,
): (rows: readonly MessageRow[]) => readonly MessageRow[] {
  const rows = useRef<readonly MessageRow[]>([]);
  const poll = usePoll(POLL_MS);
  const { data: heads = NONE } = useQuery({
    queryKey: ["messages", "seen", testId],
    queryFn: async ({ signal, client, queryKey }) => {
      const before = client.getQueryData<Heads>(queryKey) ?? NONE;
      const seen = seenIds(testId);
      const ids = rows.current
        .map((row) => overlaid(row, before))
        .filter((row) => seen.has(row.message_id) && isLively(row, serverNow()))
        .map(({ message_id: id }) => id);
      if (ids.length === 0) return before;
      const { messages } = await pombo.pollMessages({ ids, explain: true }, { signal });
      const found = messages.filter((head) => head !== null);
      return new Map([...before, ...found.map((head) => [head.message_id, head] as const)]);
    },
    refetchInterval: poll,
    staleTime: 0,
  });
  return useCallback(
    (given) => {
      rows.current = given;
      return given.map((row) => overlaid(row, heads));
    },
    [heads],
  );
}

/** A few dozen rows at most are in the document. */
export function seenIds(testId: string): ReadonlySet<string> {
  const rows = document.querySelectorAll<HTMLElement>(`[data-testid="${testId}"] tr[data-id]`);
  return new Set([...rows].map((row) => row.dataset.id ?? ""));
}

function overlaid(row: MessageRow, heads: Heads): MessageRow {
  const head = heads.get(row.message_id);
  if (head === undefined || head.status_version < row.status_version) return row;
  const { status, status_version, error_code } = head;
  return {
    ...row,
    status,
    status_version,
    error_code,
    blocked_by: head.blocked_by ?? null,
    blocked_since: head.blocked_since ?? null,
    eta: head.eta ?? null,
  };
}
