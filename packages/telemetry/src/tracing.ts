import { createHash } from "node:crypto";

/**
 * Traces, off unless the standard variables of OpenTelemetry say where they go. Spans are noted when their work is over, from what the
 * log tells anyway, so that nothing stands on the way of a message.
 *
 * A message's id is its place in its trace: every process derives the same ids from it, through queues, deaths and restarts. Only a trace
 * that its caller began (`traceparent`) has to be remembered.
 */
export interface Tracing extends AsyncDisposable {
  note(span: NotedSpan): void;
  /** Where the spans of a message hang, unless its caller began a trace. */
  placeOf(messageId: string): TracePlace;
}

/** A span that others are children of, in another process perhaps. */
export interface TracePlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

export interface NotedSpan {
  readonly name: string;
  readonly kind: "server" | "client" | "producer" | "internal";
  /** ms since the epoch */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** The code of what went wrong. */
  readonly failed?: string;
  readonly parent?: TracePlace;
  /** The ids that it must have, where others know them. */
  readonly self?: Pick<TracePlace, "traceId" | "spanId">;
  readonly links?: readonly TracePlace[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** True when `OTEL_TRACES_EXPORTER=otlp`, or an OTLP endpoint is named and nothing turns traces off. */
export function wantsTraces(env: Env): boolean {
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return false;
  const exporter = env["OTEL_TRACES_EXPORTER"] ?? "";
  if (exporter !== "") return exporter === "otlp";
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own, OTEL_EXPORTER_OTLP_ENDPOINT: all } = env;
  return [own, all].some((endpoint) => endpoint !== undefined && endpoint !== "");
}

/** Undefined when nobody wants traces: then nothing of the SDK is loaded. */
export async function openTracing(name: string, env: Env): Promise<Tracing | undefined> {
  if (!wantsTraces(env)) return undefined;
  const { openSdkTracing } = await import("./sdk-tracing.ts");
  return openSdkTracing(name, env);
}

/** Ids that every process makes of the same words. */
export function idsOf(words: string): Pick<TracePlace, "traceId" | "spanId"> {
  const hex = createHash("sha256").update(words).digest("hex");
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32, 48) };
}

/** Of the W3C header; undefined when there is none, or it makes no sense. */
export function readTraceparent(header: string | undefined): TracePlace | undefined {
  const [, traceId, spanId, flags] =
    /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/.exec(
      header ?? "",
    ) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function writeTraceparent({ traceId, spanId, sampled }: TracePlace): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}
