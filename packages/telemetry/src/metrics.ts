import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

interface AnsweredRequest {
  /** The pattern, never the path itself: there are only so many. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
}

type GaugeValues = Readonly<Record<string, number>>;

/** What a process tells to Prometheus. */
export interface Metrics {
  answered(request: AnsweredRequest): void;
  /** Everything, with these gauges as they are at this moment (by name, without the prefix). */
  render(gauges: GaugeValues): Promise<string>;
  readonly contentType: string;
}

const PREFIX = "pombo_";
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** A registry of its own, so that two in one process don't meet. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: `${PREFIX}http_request_seconds`,
    help: "Answered requests by route, method and status; waits and streams last as long as they were asked to",
    labelNames: ["route", "method", "status"],
    buckets: SECONDS,
    registers: [registry],
  });
  const gauges = new Map<string, Gauge>();
  // Looking a child up by its labels costs more than counting in it.
  const children = new Map<string, ReturnType<typeof requests.labels>>();

  function gaugeOf(name: string): Gauge {
    const found = gauges.get(name);
    if (found !== undefined) return found;
    const help = name.replaceAll("_", " ");
    const made = new Gauge({ name: PREFIX + name, help, registers: [registry] });
    gauges.set(name, made);
    return made;
  }

  return {
    contentType: registry.contentType,
    answered({ route, method, status, ms }) {
      const name = `${method} ${status} ${route}`;
      const known = children.get(name);
      const child = known ?? requests.labels({ route, method, status: String(status) });
      if (known === undefined) children.set(name, child);
      child.observe(ms / 1_000);
    },
    async render(values) {
      for (const [name, value] of Object.entries(values)) gaugeOf(name).set(value);
      return registry.metrics();
    },
  };
}
