import {
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { idsOf, type NotedSpan, type TracePlace, type Tracing } from "./tracing.ts";

type Env = Readonly<Record<string, string | undefined>>;

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  internal: SpanKind.INTERNAL,
} as const;

/** By the SDK of OpenTelemetry: where to and how is read by its exporter from `OTEL_EXPORTER_OTLP_*`. Loaded only where traces are on. */
export function openSdkTracing(name: string, env: Env): Tracing {
  const root = samplerOf(env);
  const ids = openIds();
  const service = env["OTEL_SERVICE_NAME"] ?? `pombo-${name}`;
  const resource = detectResources({ detectors: [envDetector] }).merge(
    resourceFromAttributes({ "service.name": service }),
  );
  const provider = new TracerProvider({
    resource,
    idGenerator: ids,
    sampler: new ParentBasedSampler({ root }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        ...whole(env, "OTEL_BSP_SCHEDULE_DELAY", "scheduledDelayMillis"),
        ...whole(env, "OTEL_BSP_MAX_QUEUE_SIZE", "maxQueueSize"),
        ...whole(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "maxExportBatchSize"),
      }),
    ],
  });
  const tracer = provider.getTracer("pombo");
  const samples = (traceId: string): boolean =>
    root.shouldSample(ROOT_CONTEXT, traceId, "", SpanKind.SERVER, {}, []).decision ===
    SamplingDecision.RECORD_AND_SAMPLED;
  return {
    placeOf(messageId) {
      const place = idsOf(messageId);
      return { ...place, sampled: samples(place.traceId) };
    },
    note(noted) {
      const { parent } = noted;
      const context =
        parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(parent));
      // A span is begun at once, so that only this one takes the ids.
      ids.next = noted.self;
      const span = tracer.startSpan(noted.name, optionsOf(noted), context);
      ids.next = undefined;
      if (noted.failed !== undefined)
        span.setStatus({ code: SpanStatusCode.ERROR, message: noted.failed });
      span.end(noted.endedAt);
    },
    [Symbol.asyncDispose]: () => provider.shutdown(),
  };
}

function optionsOf({ kind, startedAt, attributes, links = [] }: NotedSpan) {
  const known = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return {
    kind: KINDS[kind],
    startTime: startedAt,
    attributes: Object.fromEntries(known),
    links: links.map((link) => ({ context: remote(link) })),
  };
}

function remote({ traceId, spanId, sampled }: TracePlace): SpanContext {
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId, spanId, traceFlags, isRemote: true };
}

interface Ids {
  next: NotedSpan["self"];
  generateTraceId(): string;
  generateSpanId(): string;
}

/** By chance, unless the span that is begun next must have others. */
function openIds(): Ids {
  const random = new RandomIdGenerator();
  return {
    next: undefined,
    generateTraceId() {
      return this.next?.traceId ?? random.generateTraceId();
    },
    generateSpanId() {
      return this.next?.spanId ?? random.generateSpanId();
    },
  };
}

/** `OTEL_TRACES_SAMPLER`; a ratio goes by the trace's id, so all processes decide alike. */
function samplerOf(env: Env): Sampler {
  const name = env["OTEL_TRACES_SAMPLER"] ?? "parentbased_always_on";
  if (name.endsWith("always_off")) return new AlwaysOffSampler();
  if (!name.endsWith("traceidratio")) return new AlwaysOnSampler();
  const ratio = Number(env["OTEL_TRACES_SAMPLER_ARG"] ?? 1);
  return new TraceIdRatioBasedSampler(Number.isFinite(ratio) ? ratio : 1);
}

function whole<Name extends string>(
  env: Env,
  variable: string,
  name: Name,
): Partial<Record<Name, number>> {
  const text = env[variable] ?? "";
  return /^\d{1,9}$/.test(text) ? ({ [name]: Number(text) } as Record<Name, number>) : {};
}
