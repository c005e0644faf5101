import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { FIRST_CURSOR, type Settings } from "@pombo/domain";
import { framesOf, type Interest, wants } from "./event-audience.ts";
import type { OverviewTicker } from "./overview-ticker.ts";
import { behind, type EventReaderDeps, later, logPage, PAGE } from "./event-reader.ts";

export interface StreamDeps extends EventReaderDeps {
  readonly settings: Pick<
    Settings,
    "stream_heartbeat_ms" | "stream_buffer_bytes" | "stream_stall_ms"
  >;
}

export interface StreamAsk {
  readonly cursor: string;
  /** What the client missed: where the log begins now. */
  readonly gap?: string;
  readonly interest: Interest;
  /** How long the stream may be silent, where the client asks for that. */
  readonly beatMs?: number;
  /** Tells the overview as well; a client that is behind misses some. */
  readonly ticker?: Pick<OverviewTicker, "listen">;
  /** Ends the stream; its reason is told to the client as a last event. */
  readonly ended: AbortSignal;
}

/** The last event of a stream that ends by itself. */
export interface Farewell {
  readonly event: "closing" | "ended";
  readonly data: object;
}

export const STREAM_HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  // Proxies must not gather what is meant to arrive at once.
  "X-Accel-Buffering": "no",
  // Nothing else will be asked on this connection.
  Connection: "close",
} as const;

const RETRY_MS = 1_000;
/** After the last event, a client that takes nothing is not waited for. */
const FAREWELL_MS = 500;

/**
 * One client and its server-sent events:
 *
 *   catching up ── at the end of the log ──► live ── more than stream_buffer_bytes ahead of the client ──► draining ──┐
 *        ▲────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * Its cursor alone says what it has got, so a slow client costs no memory: it reads again, at its own pace, what the others were
 * told meanwhile. A client that takes nothing for stream_stall_ms is cut; it comes back with its last id.
 */
export async function streamEvents(
  res: ServerResponse,
  ask: StreamAsk,
  deps: StreamDeps,
): Promise<void> {
  const { ended } = ask;
  let { cursor } = ask;
  res.write(preamble(ask));
  const stopTicks = ask.ticker?.listen((frame) => {
    if (res.writableLength < deps.settings.stream_buffer_bytes) res.write(frame);
  });
  try {
    while (!ended.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one state after the other
      cursor = await catchUp(res, { ...ask, cursor }, deps);
      if (ended.aborted) break;
      // oxlint-disable-next-line no-await-in-loop
      cursor = await live(res, { ...ask, cursor }, deps);
      // oxlint-disable-next-line no-await-in-loop
      await drained(res, ended, deps.settings.stream_stall_ms);
    }
  } finally {
    stopTicks?.();
    const last = ended.reason as Farewell | undefined;
    if (last?.event !== undefined && !res.destroyed)
      res.write(`event: ${last.event}\ndata: ${JSON.stringify(last.data)}\n\n`);
    await endSoon(res);
  }
}

/** Ends the response; what the client has not taken in time is dropped with its connection. */
async function endSoon(res: ServerResponse): Promise<void> {
  const timer = setTimeout(() => res.destroy(), FAREWELL_MS);
  const closed = res.closed ? undefined : once(res, "close");
  res.end();
  await closed;
  clearTimeout(timer);
}

function preamble({ cursor, gap }: StreamAsk): string {
  const id = cursor === FIRST_CURSOR ? "" : `id: ${cursor}\n`;
  const missed =
    gap === undefined ? "" : `event: gap\ndata: ${JSON.stringify({ oldest: gap })}\n\n`;
  return `retry: ${RETRY_MS}\n${id}\n${missed}`;
}

/** Tells what is behind the cursor until nothing is, from memory where it reaches so far; returns the new cursor. */
async function catchUp(res: ServerResponse, ask: StreamAsk, deps: StreamDeps): Promise<string> {
  const { interest, ended } = ask;
  const { stream_buffer_bytes: ahead, stream_stall_ms: patience } = deps.settings;
  let { cursor } = ask;
  while (!ended.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    await deps.tail.follow();
    const recent = deps.tail.recentAfter(cursor);
    if (recent?.length === 0) break;
    // As it is before the log is read: an event that is told meanwhile may be none of the page's.
    const position = deps.tail.position();
    // oxlint-disable-next-line no-await-in-loop
    const page = recent?.slice(0, PAGE) ?? (await logPage(cursor, deps));
    const wanted = page.filter((event) => wants(interest, event));
    if (wanted.length > 0) res.write(framesOf(wanted));
    cursor = page.at(-1)?.cursor ?? later(cursor, position);
    // oxlint-disable-next-line no-await-in-loop
    if (res.writableLength > ahead) await drained(res, ended, patience);
  }
  return cursor;
}

/** Tells what comes, until the client falls behind or the stream ends. */
function live(
  res: ServerResponse,
  { cursor: from, interest, ended, beatMs }: StreamAsk,
  { tail, settings }: StreamDeps,
): Promise<string> {
  // Something may have come since it had caught up.
  if (tail.recentAfter(from)?.length !== 0) return Promise.resolve(from);
  const { stream_buffer_bytes: ahead } = settings;
  const silence = beatMs ?? settings.stream_heartbeat_ms;
  let cursor = from;
  const { promise, resolve } = Promise.withResolvers<string>();
  const stop = tail.listen({
    interest,
    hear(events, bytes) {
      const fresh = behind(cursor, events);
      cursor = later(cursor, tail.position());
      if (fresh.length === 0) return;
      res.write(fresh === events ? bytes() : framesOf(fresh));
      heartbeat.refresh();
      if (res.writableLength > ahead) leave();
    },
  });
  // An id without data moves the client's cursor on, so that what it doesn't want never makes its cursor old.
  const heartbeat = setInterval(() => {
    cursor = later(cursor, tail.position());
    res.write(cursor === FIRST_CURSOR ? ":\n\n" : `:\nid: ${cursor}\n\n`);
    if (res.writableLength > ahead) leave();
  }, silence);
  const leave = (): void => {
    stop();
    clearInterval(heartbeat);
    ended.removeEventListener("abort", leave);
    resolve(cursor);
  };
  ended.addEventListener("abort", leave);
  if (ended.aborted) leave();
  return promise;
}

/** Waits until the client has taken what was written, and cuts it when it takes too long. */
async function drained(res: ServerResponse, ended: AbortSignal, ms: number): Promise<void> {
  if (!res.writableNeedDrain || ended.aborted) return;
  const enough = AbortSignal.any([ended, AbortSignal.timeout(ms)]);
  try {
    await once(res, "drain", { signal: enough });
  } catch {
    if (!ended.aborted) res.destroy();
  }
}
