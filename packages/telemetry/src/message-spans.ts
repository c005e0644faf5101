import type { NotedSpan, TracePlace, Tracing } from "./tracing.ts";

/** A span of a message, whose place in a trace is not known yet. */
interface MessageSpan extends Omit<NotedSpan, "parent"> {
  readonly messageId: string;
}

export interface MessageSpans extends AsyncDisposable {
  note(span: MessageSpan): void;
}

export interface MessageSpansDeps {
  readonly tracing: Tracing;
  /** For each message, the place that its caller's trace gave it. */
  readonly findPlaces: (
    messageIds: readonly string[],
  ) => Promise<readonly (TracePlace | undefined)[]>;
  readonly onError: (error: unknown) => void;
}

const LATER_MS = 1_000;
/** What can't be told in time is left out: traces must never fill the memory. */
const MOST = 10_000;

/** Gathers spans of messages for a second, then asks for all their places at once: no message waits for its trace. */
export function openMessageSpans({ tracing, findPlaces, onError }: MessageSpansDeps): MessageSpans {
  let waiting: MessageSpan[] = [];
  let telling: Promise<void> = Promise.resolve();

  async function tell(): Promise<void> {
    const spans = waiting;
    waiting = [];
    if (spans.length === 0) return;
    const ids = [...new Set(spans.map(({ messageId }) => messageId))];
    const found = await findPlaces(ids).catch((error: unknown) => {
      onError(error);
      return [];
    });
    const places = new Map(ids.map((id, index) => [id, found[index]]));
    for (const { messageId, ...span } of spans) {
      const parent = places.get(messageId) ?? tracing.placeOf(messageId);
      const { self } = span;
      tracing.note({
        ...span,
        parent,
        ...(self === undefined ? {} : { self: { ...self, traceId: parent.traceId } }),
        ...(span.links === undefined
          ? {}
          : {
              links: span.links.map((link) => ({
                ...link,
                traceId: parent.traceId,
                sampled: parent.sampled,
              })),
            }),
      });
    }
  }

  const timer = setInterval(() => void (telling = tell()), LATER_MS);
  return {
    note(span) {
      if (waiting.length < MOST) waiting.push(span);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await telling;
      await tell();
    },
  };
}
