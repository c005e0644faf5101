import type { Ledger } from "@pombo/ledger";
import { readTraceparent, type TracePlace, type Tracing, writeTraceparent } from "@pombo/telemetry";

/** An answered request, as its log line tells it. */
export interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  /** The pattern, never the path itself. */
  readonly route: string;
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly ms: number;
  readonly messageId: string | undefined;
  /** It was answered as an earlier request had been. */
  readonly replayed: boolean;
  /** W3C's header, where the caller has a trace. */
  readonly traceparent: string | undefined;
}

export interface TraceRequestsDeps {
  readonly tracing: Tracing;
  readonly ledger: Pick<Ledger, "keepTrace">;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** The routes that make a message: their span is the first of its trace, which all others hang under. */
const ACCEPTS = /^\/(v1\/messages|send\/[a-z]+|api\/v1\/messages\/text)$/;

/** Notes a span for each request: in its caller's trace, else as the root of the message's, else as a trace of its own. */
export function traceRequests({ tracing, ledger, now, onError }: TraceRequestsDeps) {
  return (request: AnsweredRequest): void => {
    const { method, route, status, messageId } = request;
    const caller = readTraceparent(request.traceparent);
    const accepted = acceptedBy(request);
    const place = accepted === undefined ? undefined : inTrace(tracing.placeOf(accepted), caller);
    if (caller !== undefined && place !== undefined && accepted !== undefined)
      ledger.keepTrace(accepted, writeTraceparent(place)).catch(onError);
    const endedAt = now();
    tracing.note({
      name: `${method} ${route}`,
      kind: "server",
      startedAt: endedAt - request.ms,
      endedAt,
      attributes: {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
        "error.type": request.errorCode,
        "pombo.request_id": request.requestId,
        "pombo.message_id": messageId,
      },
      ...(status >= 500 ? { failed: request.errorCode ?? String(status) } : {}),
      ...(caller === undefined ? {} : { parent: caller }),
      ...(place === undefined ? {} : { self: place }),
    });
  };
}

/** The message that the request made. */
function acceptedBy({ method, route, status, replayed, messageId }: AnsweredRequest) {
  const succeeded = status >= 200 && status < 300;
  const accepts = method === "POST" && succeeded && !replayed && ACCEPTS.test(route);
  return accepts ? messageId : undefined;
}

function inTrace(place: TracePlace, caller: TracePlace | undefined): TracePlace {
  return caller === undefined ? place : { ...caller, spanId: place.spanId };
}
