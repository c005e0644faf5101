import { readLogEntry } from "@pombo/contract";
import { compareCursors, FIRST_CURSOR } from "@pombo/domain";
import type { EventLogEnds, LogEntry } from "@pombo/ledger";
import { type EventTail, type TailEvent, tailEvent } from "./event-tail.ts";

export interface EventReaderDeps {
  readonly ledger: {
    eventsAfter(cursor: string, limit: number): Promise<readonly LogEntry[]>;
    eventLogEnds(): Promise<EventLogEnds>;
  };
  readonly tail: EventTail;
}

export type Beginning =
  | { readonly kind: "at"; readonly cursor: string }
  /** What followed the cursor is no longer kept; the log begins with `oldest`. */
  | { readonly kind: "expired"; readonly oldest: string }
  /** No event can have had this cursor yet. */
  | { readonly kind: "ahead" };

export const PAGE = 500;
/** How far the clocks of Redis servers, one after the other, may differ. */
const SKEW_MS = 60_000;

/** Where a reader begins who asks for what follows `after`: a cursor, `0` or `now`. */
export async function beginAt(
  after: string,
  { ledger, tail }: EventReaderDeps,
): Promise<Beginning> {
  if (after === "0" || after === FIRST_CURSOR) return { kind: "at", cursor: FIRST_CURSOR };
  if (after !== "now" && tail.recentAfter(after) !== undefined && !isAhead(after, tail.position()))
    return { kind: "at", cursor: after };
  const { oldest, newest, trimmed } = await ledger.eventLogEnds();
  if (after === "now") return { kind: "at", cursor: newest };
  if (newest !== FIRST_CURSOR && isAhead(after, newest)) return { kind: "ahead" };
  if (trimmed && (oldest === undefined || compareCursors(after, oldest) < 0))
    return compareCursors(after, newest) === 0
      ? { kind: "at", cursor: after }
      : { kind: "expired", oldest: oldest ?? newest };
  return { kind: "at", cursor: after };
}

function isAhead(cursor: string, newest: string): boolean {
  return (
    Number(cursor.split("-")[0]) > Math.max(Number(newest.split("-")[0]), Date.now()) + SKEW_MS
  );
}

/** A page of the log behind the cursor, of everybody's events. */
export async function logPage(
  cursor: string,
  { ledger }: Pick<EventReaderDeps, "ledger">,
): Promise<readonly TailEvent[]> {
  const entries = await ledger.eventsAfter(cursor, PAGE);
  return entries.map((entry) => tailEvent(readLogEntry(entry)));
}

/** Of events that are told live, those behind the cursor: a reader may come from a process that is ahead of this one. */
export function behind(cursor: string, events: readonly TailEvent[]): readonly TailEvent[] {
  const [first] = events;
  if (first === undefined || compareCursors(first.cursor, cursor) > 0) return events;
  return events.filter((event) => compareCursors(event.cursor, cursor) > 0);
}

export function later(a: string, b: string): string {
  return compareCursors(a, b) > 0 ? a : b;
}
