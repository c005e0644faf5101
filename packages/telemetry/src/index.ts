/**
 * What processes tell about themselves. A log line is one unit of work, at its end, named by a fact in the past tense
 * (`message.accepted`), with ids and durations as fields. People and secrets are taken out here, so that no caller can forget.
 */

// Logs
export { type Fields, type Log, type LogLevel, type LogOptions, openLog } from "./log.ts";

// Metrics
export { type Metrics, openMetrics } from "./metrics.ts";
export { label, measureLog, type Measures } from "./measured-log.ts";
export { readMetricsPlace, type ReadMetricsPlace } from "./serve-metrics.ts";
export { tellMetrics } from "./tell-metrics.ts";

// Health
export { type Check, type Health, type HealthWatch, openHealth, sayHealth } from "./health.ts";

// Traces
export {
  idsOf,
  openTracing,
  readTraceparent,
  type TracePlace,
  type Tracing,
  writeTraceparent,
} from "./tracing.ts";
export { openMessageSpans } from "./message-spans.ts";

// Redaction
export { mask } from "./mask.ts";
export { redact } from "./redact.ts";
