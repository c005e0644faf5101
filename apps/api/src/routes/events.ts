import type { ServerResponse } from "node:http";
import type { EventPageBody } from "@pombo/contract";
import { isCursor, type Settings } from "@pombo/domain";
import { json, refuse } from "../answer.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Call, Handler, Outcome } from "../bind-route.ts";
import { type Interest, wants } from "../event-audience.ts";
import { beginAt, behind, type EventReaderDeps, later, logPage, PAGE } from "../event-reader.ts";
import type { TailEvent } from "../event-tail.ts";
import type { KeyWatch } from "../key-watch.ts";
import type { OverviewTicker } from "../overview-ticker.ts";
import { type Farewell, STREAM_HEADERS, streamEvents } from "../stream-events.ts";

export interface EventsDeps extends EventReaderDeps {
  readonly keyWatch: KeyWatch;
  readonly ticker: OverviewTicker;
  readonly settings: Settings;
}

type EventsCall = Call<"listEvents">;

/** Events that one request looks at. */
const SCAN = 10_000;

const UNSEEN = {
  code: "FORBIDDEN",
  detail: "The overview needs ops:read and a key that is not limited to certain devices",
} as const;
const REVOKED = { code: "INVALID_API_KEY" } as const;

/** `GET /v1/events`: a page, or a stream by Accept. */
export function listEvents(deps: EventsDeps): Handler<"listEvents"> {
  return async (call) => {
    const { query, caller, lastEventId } = call;
    if (query.device_id !== undefined && !maySee(caller, query.device_id))
      return refuse({ code: "DEVICE_NOT_FOUND" });
    if (lastEventId !== undefined && lastEventId !== "0" && !isCursor(lastEventId))
      return refuseStart(call, "must be the id of an event");
    if (query.overview === "true" && !seesOverview(caller)) return refuse(UNSEEN);
    const interest = interestOf(query, caller);
    return call.type === "text/event-stream"
      ? stream(call, interest, deps)
      : page(call, interest, deps);
  };
}

function seesOverview({ devices, scopes }: Caller): boolean {
  return devices === "*" && scopes.includes("ops:read");
}

function interestOf(query: EventsCall["query"], caller: Caller): Interest {
  const { type: events = ["*"], device_id: device, message_id: messageId } = query;
  const devices = device === undefined ? caller.devices : [device];
  return { events, devices, ...(messageId === undefined ? {} : { messageId }) };
}

async function stream(call: EventsCall, interest: Interest, deps: EventsDeps): Promise<Outcome> {
  await deps.tail.follow();
  const begun = await beginAt(call.lastEventId ?? call.query.after ?? "now", deps);
  if (begun.kind === "ahead") return refuseStart(call, "lies ahead of the event log");
  const from =
    begun.kind === "at" ? { cursor: begun.cursor } : { cursor: "0-0", gap: begun.oldest };
  const { beat = 0 } = call.query;
  const how = beat === 0 ? {} : { beatMs: beat * 1_000 };
  const run = async (res: ServerResponse): Promise<void> => {
    using ending = endingOf(call, deps.keyWatch);
    const ticks = call.query.overview === "true" ? { ticker: deps.ticker } : {};
    await streamEvents(res, { ...from, ...how, ...ticks, interest, ended: ending.signal }, deps);
  };
  return { kind: "stream", headers: STREAM_HEADERS, run };
}

/** Ends when the client leaves, the process closes or the key ends, and knows what to say then. */
function endingOf(call: EventsCall, keyWatch: KeyWatch): { signal: AbortSignal } & Disposable {
  const ending = new AbortController();
  const bye = (farewell: Farewell) => () => ending.abort(farewell);
  const closing = bye({ event: "closing", data: {} });
  const stopWatching = keyWatch.watch(
    call.caller,
    bye({ event: "ended", data: call.render(REVOKED).body }),
  );
  call.client.stop.addEventListener("abort", closing);
  if (call.client.stop.aborted) closing();
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      stopWatching();
      call.client.stop.removeEventListener("abort", closing);
    },
  };
}

async function page(call: EventsCall, interest: Interest, deps: EventsDeps): Promise<Outcome> {
  const { query } = call;
  const limit = Math.max(1, query.limit ?? 100);
  const wait = (query.wait ?? 0) * 1_000;
  if (wait > 0) await deps.tail.follow();
  const begun = await beginAt(call.lastEventId ?? query.after ?? "0", deps);
  if (begun.kind === "ahead") return refuseStart(call, "lies ahead of the event log");
  if (begun.kind === "expired")
    return refuse({
      code: "CURSOR_EXPIRED",
      detail: `The cursor is older than the event log, whose oldest event is ${begun.oldest}: go on with after=0`,
    });
  const found = await collect({ cursor: begun.cursor, interest, limit, live: wait > 0 }, deps);
  if (found.events.length > 0 || wait === 0 || !found.atEnd) return answer(found);
  const heard = await hearNext({ cursor: found.next, interest, limit, wait, call }, deps);
  return heard === undefined ? refuse(REVOKED) : answer(heard);
}

interface Found {
  readonly events: readonly TailEvent[];
  readonly next: string;
}

function answer({ events, next }: Found): Outcome {
  const body: EventPageBody = { success: true, events: events.map((event) => event.body()), next };
  return json(200, body);
}

/** Looks until there are enough, or enough have been looked at, or the log ends. */
async function collect(
  ask: {
    readonly cursor: string;
    readonly interest: Interest;
    readonly limit: number;
    readonly live: boolean;
  },
  deps: EventsDeps,
): Promise<Found & { readonly atEnd: boolean }> {
  const events: TailEvent[] = [];
  let { cursor } = ask;
  for (let scanned = 0; scanned < SCAN;) {
    const recent = ask.live ? deps.tail.recentAfter(cursor) : undefined;
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const found = recent ?? (await logPage(cursor, deps));
    for (const event of found) {
      cursor = event.cursor;
      if (wants(ask.interest, event)) events.push(event);
      if (events.length === ask.limit) return { events, next: cursor, atEnd: false };
    }
    if (recent !== undefined || found.length < PAGE) return { events, next: cursor, atEnd: true };
    scanned += found.length;
  }
  return { events, next: cursor, atEnd: false };
}

/** The first events to come; none when the time is up. Undefined when the key has ended meanwhile. */
function hearNext(
  ask: {
    readonly cursor: string;
    readonly interest: Interest;
    readonly limit: number;
    readonly wait: number;
    readonly call: EventsCall;
  },
  { tail, keyWatch }: EventsDeps,
): Promise<Found | undefined> {
  const { cursor, interest, limit, call } = ask;
  const { promise, resolve } = Promise.withResolvers<Found | undefined>();
  const nothing = (): void => resolve({ events: [], next: later(cursor, tail.position()) });
  const hear = (heard: readonly TailEvent[]): void => {
    const fresh = behind(cursor, heard);
    if (fresh.length === 0) return;
    const events = fresh.slice(0, limit);
    const all = events.length === fresh.length;
    resolve({ events, next: all ? tail.position() : (events.at(-1)?.cursor ?? cursor) });
  };
  const stops = [
    tail.listen({ interest, hear }),
    keyWatch.watch(call.caller, () => resolve(undefined)),
  ];
  // Something may have come since the log was looked at.
  hear((tail.recentAfter(cursor) ?? []).filter((event) => wants(interest, event)));
  const timer = setTimeout(nothing, ask.wait);
  call.client.stop.addEventListener("abort", nothing);
  if (call.client.stop.aborted) nothing();
  return promise.finally(() => {
    for (const stop of stops) stop();
    clearTimeout(timer);
    call.client.stop.removeEventListener("abort", nothing);
  });
}

function refuseStart({ lastEventId, query }: EventsCall, says: string): Outcome {
  const field = lastEventId === undefined ? "after" : "Last-Event-ID";
  const message = `${field} ${says}`;
  const value = lastEventId?.slice(0, 40).toWellFormed() ?? query.after ?? null;
  return refuse({ code: "VALIDATION_ERROR", validation: [{ field, message, value }] });
}
