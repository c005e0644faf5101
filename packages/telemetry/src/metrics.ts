import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

interface AnsweredRequest {
  /** The pattern, never the path itself: there are only so many. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
}

/** One number, or one for each value of a label. */
type GaugeValue =
  | number
  | { readonly by: string; readonly values: Readonly<Record<string, number>> };

/** A series of one process. Labels take values of a list in the source only: no ids, no people, nothing that grows. */
interface Series<Label extends string> {
  /** Without the prefix; a counter's ends in `_total`, a time's in `_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

/** What happened the first time must be seen as a rise, so these are told as 0 from the start. */
interface Counted<Label extends string> extends Series<Label> {
  readonly begins?: readonly Labels<NoInfer<Label>>[];
}

type Labels<Label extends string> = Readonly<Record<Label, string | number>>;

/** What a process tells to Prometheus. */
export interface Metrics {
  answered(request: AnsweredRequest): void;
  /** Returns how to count one. */
  counter<Label extends string>(series: Counted<Label>): (labels: Labels<Label>) => void;
  /** Returns how to note a time, in ms. */
  timer<Label extends string>(series: Series<Label>): (labels: Labels<Label>, ms: number) => void;
  /** Everything, with these gauges as they are at this moment (by name, without the prefix). */
  render(gauges: Readonly<Record<string, GaugeValue>>): Promise<string>;
  readonly contentType: string;
}

const PREFIX = "pombo_";
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
/** What waits in a paced lane may take hours. */
const LONG_SECONDS = [...SECONDS.slice(3), 300, 1_800, 7_200, 28_800];

/** A registry of its own, so that two in one process don't meet. */
export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Histogram({
    name: `${PREFIX}http_request_seconds`,
    help: "Answered requests by route, method and status; waits and streams last as long as they were asked to",
    labelNames: ["route", "method", "status"],
    buckets: SECONDS,
    registers,
  });
  const gauges = new Map<string, Gauge>();
  // Looking a child up by its labels costs more than counting in it.
  const children = new Map<string, ReturnType<typeof requests.labels>>();

  function gaugeOf(name: string, labelNames: readonly string[]): Gauge {
    const found = gauges.get(name);
    if (found !== undefined) return found;
    const help = name.replaceAll("_", " ");
    const made = new Gauge({ name: PREFIX + name, help, labelNames: [...labelNames], registers });
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
    counter({ name, help, labels, begins = [] }) {
      const made = new Counter({ name: PREFIX + name, help, labelNames: [...labels], registers });
      for (const values of begins) made.inc(values, 0);
      return (values) => made.inc(values);
    },
    timer({ name, help, labels }) {
      const made = new Histogram({
        name: PREFIX + name,
        help,
        labelNames: [...labels],
        buckets: LONG_SECONDS,
        registers,
      });
      return (values, ms) => made.observe(values, ms / 1_000);
    },
    async render(values) {
      for (const [name, value] of Object.entries(values)) {
        if (typeof value === "number") gaugeOf(name, []).set(value);
        else setEach(gaugeOf(name, [value.by]), value);
      }
      return registry.metrics();
    },
  };
}

/** What is no longer told is gone, not frozen. */
function setEach(gauge: Gauge, { by, values }: Exclude<GaugeValue, number>): void {
  gauge.reset();
  for (const [label, number] of Object.entries(values)) gauge.set({ [by]: label }, number);
}
