import { pombo } from "../../api/client.ts";
import type { MessageFilter, MessageRow } from "./message-filter.ts";

interface Found {
  readonly rows: readonly MessageRow[];
  readonly next: string | null;
}

export interface Looking {
  readonly cursor: string | undefined;
  readonly signal: AbortSignal;
  /** How far back it has looked, while nothing was found. */
  readonly onReached: (instant: string | null) => void;
}

/** The next page that has something: a request looks at a bounded part only, and may find nothing in it. */
export async function findMessages(filter: MessageFilter, looking: Looking): Promise<Found> {
  const { signal, onReached } = looking;
  const { until, ...rest } = filter;
  let cursor = looking.cursor;
  for (;;) {
    const from = cursor === undefined ? (until === undefined ? {} : { until }) : { cursor };
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const page = await pombo.listMessages({ ...rest, ...from, limit: 200 }, { signal });
    const { messages: rows, next_cursor: next } = page;
    onReached(rows.length === 0 && next !== null ? page.reached_at : null);
    if (rows.length > 0 || next === null) return { rows, next };
    cursor = next;
  }
}
