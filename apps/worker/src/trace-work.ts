import type { Ledger } from "@pombo/ledger";
import {
  idsOf,
  type Measures,
  openMessageSpans,
  readTraceparent,
  type Tracing,
} from "@pombo/telemetry";

export interface WorkTraces extends AsyncDisposable {
  /** The same ledger; its feeds and the evidence that it writes are noted. */
  over(ledger: Ledger): Ledger;
  /** Lines of the log that are spans. */
  readonly measures: Measures;
}

export interface WorkTracesDeps {
  readonly tracing: Tracing;
  readonly findTraces: Ledger["findTraces"];
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/**
 * The spans of a message behind its acceptance: `message feed`, `message send` (one for each attempt, linked to the one before), and
 * `message ack`, `message delivered`, `message read` for what WhatsApp said.
 */
export function traceWork({ tracing, findTraces, now, onError }: WorkTracesDeps): WorkTraces {
  const spans = openMessageSpans({
    tracing,
    findPlaces: async (ids) => (await findTraces(ids)).map(readTraceparent),
    onError,
  });
  return {
    over: (ledger) => ({
      ...ledger,
      async feed(own, order) {
        const startedAt = now();
        const fed = await ledger.feed(own, order);
        if (fed.kind === "fed" && order.pick !== undefined)
          spans.note({
            name: "message feed",
            kind: "producer",
            messageId: order.pick.id,
            startedAt,
            endedAt: now(),
            attributes: { "pombo.device_id": own.deviceId, "pombo.feed": fed.feed },
          });
        return fed;
      },
      async recordEvidence(deviceId, proof) {
        const startedAt = now();
        const settled = await ledger.recordEvidence(deviceId, proof);
        if (settled.kind === "settled")
          spans.note({
            name: proof.proves === "sent" ? "message ack" : `message ${proof.proves}`,
            kind: "internal",
            messageId: proof.messageId,
            startedAt,
            endedAt: now(),
            attributes: { "pombo.device_id": deviceId, "pombo.since_last_ms": settled.tookMs },
          });
        return settled;
      },
    }),
    measures: {
      "job.ended": ({ message_id, request_id, device_id, attempt, end, code, ms }) => {
        if (typeof message_id !== "string" || typeof attempt !== "number") return;
        const endedAt = now();
        spans.note({
          name: "message send",
          kind: "client",
          messageId: message_id,
          startedAt: endedAt - Number(ms),
          endedAt,
          attributes: {
            "pombo.message_id": message_id,
            ...(typeof request_id === "string" ? { "pombo.request_id": request_id } : {}),
            "pombo.device_id": String(device_id),
            "pombo.attempt": attempt,
            "pombo.end": String(end),
            ...(typeof code === "string" ? { "error.type": code } : {}),
          },
          ...(typeof code === "string" ? { failed: code } : {}),
          self: attemptOf(message_id, attempt),
          ...(attempt > 1
            ? { links: [{ ...attemptOf(message_id, attempt - 1), sampled: true }] }
            : {}),
        });
      },
    },
    [Symbol.asyncDispose]: () => spans[Symbol.asyncDispose](),
  };
}

function attemptOf(messageId: string, attempt: number): ReturnType<typeof idsOf> {
  return idsOf(`${messageId} attempt ${attempt}`);
}
