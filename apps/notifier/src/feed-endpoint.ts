import { isWanted, type LoggedEvent, readLogEntry, renderEvent } from "@pombo/contract";
import { roomOf, type Settings } from "@pombo/domain";
import type { EndpointRecord, Ledger, LogEntry, NewDelivery } from "@pombo/ledger";
import type { WebhookJobs } from "@pombo/queue";

export interface FeedDeps {
  readonly ledger: Pick<Ledger, "feedDeliveries">;
  readonly jobs: Pick<WebhookJobs, "add">;
  /** A page of the event log behind a cursor. */
  readonly page: (after: string, to?: string) => Promise<readonly LogEntry[]>;
  readonly settings: Settings;
  readonly epoch: number;
  readonly now: () => number;
}

/** Pages without anything for the endpoint that one round passes over. */
const PAGES = 20;

/** Gives an endpoint as many further events as it has room for. True when there may be more for it at once. */
export async function feedEndpoint(endpoint: EndpointRecord, deps: FeedDeps): Promise<boolean> {
  const { open, retrying, openUntil = 0, replay, cursor } = endpoint;
  const room = roomOf({ open, retrying, openUntil }, deps.now(), deps.settings);
  if (room === 0) return false;
  const half = Math.ceil(room / 2);
  const again =
    replay === undefined
      ? { fed: 0, more: false }
      : await follow(
          endpoint,
          { which: "replay", from: replay.after, to: replay.to, room: half },
          deps,
        );
  if (again.fed >= room) return again.more;
  const on = await follow(
    endpoint,
    { which: "cursor", from: cursor, room: room - again.fed },
    deps,
  );
  return again.more || on.more;
}

interface Course {
  readonly which: "cursor" | "replay";
  readonly from: string;
  /** Where it ends; absent: it never does. */
  readonly to?: string;
  readonly room: number;
}

interface Followed {
  readonly fed: number;
  readonly more: boolean;
}

/** Moves one cursor on: first the ledger, then the jobs. A death in between leaves open deliveries without a job, which the repair finds. */
async function follow(endpoint: EndpointRecord, course: Course, deps: FeedDeps): Promise<Followed> {
  let from = course.from;
  for (let count = 0; count < PAGES; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const entries = await deps.page(from, course.to);
    const step = chooseFrom(entries, endpoint, course.room);
    const to = step.to ?? course.to;
    if (to === undefined || to === from) return { fed: 0, more: false };
    const { id: endpointId } = endpoint;
    const { which } = course;
    const { epoch, now } = deps;
    const feed = { endpointId, epoch, which, from, to, now: now(), deliveries: step.deliveries };
    // oxlint-disable-next-line no-await-in-loop
    if (!(await deps.ledger.feedDeliveries(feed))) return { fed: 0, more: false };
    // oxlint-disable-next-line no-await-in-loop
    await deps.jobs.add(step.deliveries.map(({ delivery }) => ({ endpointId, delivery })));
    if (step.deliveries.length > 0) return { fed: step.deliveries.length, more: step.more };
    if (entries.length === 0) return { fed: 0, more: false };
    from = to;
  }
  return { fed: 0, more: true };
}

/** The first events of a page that the endpoint wants, and the last one that was looked at. */
function chooseFrom(
  entries: readonly LogEntry[],
  endpoint: EndpointRecord,
  room: number,
): { readonly deliveries: readonly NewDelivery[]; readonly to?: string; readonly more: boolean } {
  const deliveries: NewDelivery[] = [];
  let to: string | undefined;
  for (const entry of entries) {
    if (deliveries.length === room)
      return { deliveries, more: true, ...(to === undefined ? {} : { to }) };
    const event = readLogEntry(entry);
    to = event.cursor;
    if (isWanted(event, endpoint)) deliveries.push(deliveryOf(event));
  }
  return { deliveries, more: entries.length > 0, ...(to === undefined ? {} : { to }) };
}

/** The event as this endpoint, and every other one, is told it. */
function deliveryOf(event: LoggedEvent): NewDelivery {
  return { delivery: event.cursor, type: event.type, body: JSON.stringify(renderEvent(event)) };
}
