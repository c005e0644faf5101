import type { Ledger } from "@pombo/ledger";
import { type Measures, openMessageSpans, readTraceparent, type Tracing } from "@pombo/telemetry";

export interface DeliveryTraces extends AsyncDisposable {
  /** Lines of the log that are spans. */
  readonly measures: Measures;
}

export interface DeliveryTracesDeps {
  readonly tracing: Tracing;
  readonly findTraces: Ledger["findTraces"];
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** `webhook delivery`: one for each request about a message, in the message's trace. */
export function traceDeliveries({
  tracing,
  findTraces,
  now,
  onError,
}: DeliveryTracesDeps): DeliveryTraces {
  const spans = openMessageSpans({
    tracing,
    findPlaces: async (ids) => (await findTraces(ids)).map(readTraceparent),
    onError,
  });
  return {
    measures: {
      "delivery.tried": ({
        message_id,
        webhook_id,
        type,
        tries,
        verdict,
        took_ms,
        http_status,
      }) => {
        if (typeof message_id !== "string") return;
        const endedAt = now();
        spans.note({
          name: "webhook delivery",
          kind: "client",
          messageId: message_id,
          startedAt: endedAt - Number(took_ms),
          endedAt,
          attributes: {
            "pombo.webhook_id": String(webhook_id),
            "pombo.event_type": String(type),
            "pombo.tries": Number(tries),
            "pombo.verdict": String(verdict),
            ...(typeof http_status === "number"
              ? { "http.response.status_code": http_status }
              : {}),
          },
          ...(verdict === "delivered" ? {} : { failed: String(verdict) }),
        });
      },
    },
    [Symbol.asyncDispose]: () => spans[Symbol.asyncDispose](),
  };
}
