import { type CallOptions, type Fields, pause } from "./call.ts";
import { nextTry, type RetryPolicy } from "./next-try.ts";
import { PomboError } from "./pombo-error.ts";
import { readServerSentEvents, type ServerSentEvent } from "./server-sent-events.ts";
import type { Input, Output } from "./table.ts";

/** An event, as webhooks tell it too. Its `data.cursor` is what `after` takes. */
export type PomboEvent = Output<"listEvents">["events"][number];

/** What lay between the cursor and `oldest` is no longer kept: read the state of what matters anew. */
export interface Gap {
  readonly type: "gap";
  /** The oldest event that is kept. */
  readonly oldest: string;
}

export interface EventsAsk extends Omit<Input<"listEvents">, "limit" | "wait"> {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** A stream that is silent for so long counts as broken: it shows every 15 s that it lives. 60 s when absent. */
  readonly silenceMs?: number;
}

interface StreamDeps {
  readonly raw: (name: "listEvents", input: Fields, options: CallOptions) => Promise<Response>;
  readonly retry: RetryPolicy;
}

/**
 * Events in order, each once. A connection that breaks is made again with the cursor of what came last, so nothing is missed and
 * nothing comes twice. Throws when Pombo refuses the key or the question.
 */
export async function* streamEvents(
  { signal, silenceMs = 60_000, ...query }: EventsAsk,
  { raw, retry }: StreamDeps,
): AsyncGenerator<PomboEvent | Gap, void, undefined> {
  let cursor: string | undefined;
  const isOver = (): boolean => signal?.aborted === true;
  for (let failures = 0; !isOver();) {
    const watch = openWatch(silenceMs, signal);
    try {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      const response = await raw("listEvents", query, {
        signal: watch.signal,
        accept: "text/event-stream",
        headers: cursor === undefined ? {} : { "last-event-id": cursor },
      });
      // oxlint-disable-next-line no-await-in-loop
      for await (const block of readServerSentEvents(response.body ?? new ReadableStream())) {
        watch.refresh();
        failures = 0;
        cursor = block.id ?? cursor;
        yield* read(block);
        // More of them may have come in one piece.
        if (isOver()) return;
      }
    } catch (error) {
      if (isOver()) return;
      if (error instanceof PomboError && error.class !== "transient") throw error;
    } finally {
      watch.close();
    }
    failures += 1;
    // oxlint-disable-next-line no-await-in-loop
    await pause(waitOf(failures, retry), signal).catch(() => undefined);
  }
}

/** However often it fails, a stream goes on trying. */
function waitOf(failures: number, retry: RetryPolicy): number {
  const error = new PomboError({ code: "NO_ANSWER", status: 0, detail: "the stream broke" });
  const forever = { ...retry, attempts: Number.POSITIVE_INFINITY };
  return nextTry({ error, attempt: failures, repeatable: true }, forever, Math.random()) ?? 0;
}

function read({ event, data }: ServerSentEvent): readonly (PomboEvent | Gap)[] {
  if (data === undefined) return [];
  if (event === "gap") return [{ ...(JSON.parse(data) as Omit<Gap, "type">), type: "gap" }];
  // Said at the end of a stream; what comes of it shows when the stream is opened again.
  if (event === "closing" || event === "ended") return [];
  return [JSON.parse(data) as PomboEvent];
}

/** A signal that aborts with another one, or after a silence. */
function openWatch(silenceMs: number, signal: AbortSignal | undefined) {
  const silent = new AbortController();
  const begin = () =>
    setTimeout(() => silent.abort(new Error("the stream fell silent")), silenceMs);
  let timer = begin();
  return {
    signal: signal === undefined ? silent.signal : AbortSignal.any([signal, silent.signal]),
    refresh(): void {
      clearTimeout(timer);
      timer = begin();
    },
    close(): void {
      clearTimeout(timer);
      // The connection goes with it.
      silent.abort();
    },
  };
}
