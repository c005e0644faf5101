import { type EventBody, type LoggedEvent, readLogEntry, renderEvent } from "@pombo/contract";
import { compareCursors, FIRST_CURSOR, type Settings } from "@pombo/domain";
import type { LogEntry } from "@pombo/ledger";
import type { StatusEvent } from "@pombo/status";
import { type Listener, openAudience } from "./event-audience.ts";
import type { LiveEvents } from "./follow.ts";

/** An event of the log, rendered at most once for everybody. */
export interface TailEvent {
  readonly cursor: string;
  readonly entry: LoggedEvent;
  body(): EventBody;
  /** As a server-sent event. */
  frame(): string;
}

export interface EventTailDeps {
  readonly ledger: {
    eventsAfter(cursor: string, limit: number): Promise<readonly LogEntry[]>;
    eventLogEnds(): Promise<{ readonly newest: string }>;
  };
  /** Tells that the log has grown; lossy. */
  readonly events: LiveEvents;
  readonly settings: Pick<Settings, "event_look_ms" | "event_gather_ms" | "events_recent">;
}

/** The end of the event log as this process follows it, for all its clients together. */
export interface EventTail extends AsyncDisposable {
  /** Makes sure that the log is followed; it is for a minute at least. */
  follow(): Promise<void>;
  /** The cursor up to which every listener was told. */
  position(): string;
  /** What follows a cursor, when all of that is still in memory. */
  recentAfter(cursor: string): readonly TailEvent[] | undefined;
  /** How many listen. */
  listeners(): number;
  /** From the present position on; returns how to stop. */
  listen(listener: Listener): () => void;
}

const PAGE = 1_000;
/** Looks without a listener after which it rests. */
const IDLE_LOOKS = 60;

/**
 * One reader of the log for all clients. Pub/sub wakes it, a clock does so too, and only what the log says is told: in order,
 * nothing left out, nothing twice. Wakes that come close together are one look. It rests while nobody listens.
 */
export function openEventTail({ ledger, events, settings }: EventTailDeps): EventTail {
  const audience = openAudience();
  const memory = openMemory(settings.events_recent);
  const looks = openLooks(look, settings.event_gather_ms);
  let clock: NodeJS.Timeout | undefined;
  let starting: Promise<void> | undefined;
  let idle = 0;

  async function look(): Promise<void> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- page after page
      const entries = await ledger.eventsAfter(memory.position(), PAGE);
      if (clock === undefined) return;
      const batch = entries.map((entry) => tailEvent(readLogEntry(entry)));
      memory.push(batch);
      if (batch.length > 0) audience.tell(batch);
      if (batch.length < PAGE) return;
    }
  }

  async function start(): Promise<void> {
    await events.listening();
    memory.clear((await ledger.eventLogEnds()).newest);
    idle = 0;
    clock = setInterval(() => {
      idle = audience.size() === 0 ? idle + 1 : 0;
      if (idle > IDLE_LOOKS) rest();
      else looks.wake();
    }, settings.event_look_ms);
  }

  function rest(): void {
    clearInterval(clock);
    clock = undefined;
  }

  const hear = ({ cursor }: StatusEvent): void => {
    if (cursor !== "") looks.wake();
  };
  const stop = events.onEvent(hear, () => clock !== undefined);
  return {
    async follow() {
      idle = 0;
      if (clock !== undefined) return;
      starting ??= start().finally(() => (starting = undefined));
      await starting;
    },
    position: memory.position,
    recentAfter: (cursor) => (clock === undefined ? undefined : memory.after(cursor)),
    listeners: () => audience.size(),
    listen: (listener) => audience.add(listener),
    async [Symbol.asyncDispose]() {
      stop();
      rest();
      await looks[Symbol.asyncDispose]();
    },
  };
}

/** Runs one look at a time; wakes that come during one, or right after it, are one more. */
function openLooks(look: () => Promise<void>, gatherMs: number) {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let again = false;
  let endedAt = -Infinity;
  let closed = false;

  function wake(): void {
    if (closed || timer !== undefined) return;
    if (looking !== undefined) again = true;
    else timer = setTimeout(run, Math.max(0, endedAt + gatherMs - performance.now()));
  }

  function run(): void {
    timer = undefined;
    again = false;
    looking = look()
      // The store is away: the clock asks again.
      .catch(() => undefined)
      .finally(() => {
        looking = undefined;
        endedAt = performance.now();
        if (again) wake();
      });
  }

  return {
    wake,
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

/** The last events that were told, so that whoever comes back at once needs no look into the log. */
function openMemory(size: number) {
  let events: TailEvent[] = [];
  /** Everything behind it, up to the position, is in `events`. */
  let floor = FIRST_CURSOR;
  let position = FIRST_CURSOR;
  return {
    position: () => position,
    clear(at: string): void {
      events = [];
      floor = at;
      position = at;
    },
    push(batch: readonly TailEvent[]): void {
      events.push(...batch);
      position = batch.at(-1)?.cursor ?? position;
      // What was told of who was erased is in the log no more, nor may it be told again from here.
      if (batch.some(({ entry }) => entry.type === "contact.erased")) return this.clear(position);
      // A quarter at a time: moving thousands for every event would cost more than the events.
      if (events.length <= size * 1.25) return;
      floor = events[events.length - size - 1]?.cursor ?? floor;
      events = events.slice(-size);
    },
    after(cursor: string): readonly TailEvent[] | undefined {
      if (compareCursors(cursor, floor) < 0) return undefined;
      return events.slice(firstBehind(events, cursor));
    },
  };
}

/** The index of the first event behind the cursor. */
function firstBehind(events: readonly TailEvent[], cursor: string): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareCursors(events[middle]?.cursor ?? FIRST_CURSOR, cursor) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function tailEvent(entry: LoggedEvent): TailEvent {
  let made: EventBody | undefined;
  let framed: string | undefined;
  const body = (): EventBody => (made ??= renderEvent(entry));
  const { cursor, type } = entry;
  return {
    cursor,
    entry,
    body,
    frame: () => (framed ??= `id: ${cursor}\nevent: ${type}\ndata: ${JSON.stringify(body())}\n\n`),
  };
}
