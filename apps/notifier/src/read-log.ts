import type { EndpointId, Settings } from "@pombo/domain";
import type { EndpointRecord, Ledger, LogEntry } from "@pombo/ledger";
import type { WebhookJobs } from "@pombo/queue";
import type { Log } from "@pombo/telemetry";
import { setTimeout as pause } from "node:timers/promises";
import { feedEndpoint } from "./feed-endpoint.ts";

export interface ReadLogDeps {
  /** `<notifier>#<start>` */
  readonly owner: string;
  readonly ledger: Pick<
    Ledger,
    | "dropReader"
    | "feedDeliveries"
    | "listEndpoints"
    | "openDeliveries"
    | "eventsAfter"
    | "takeReader"
    | "trimEvents"
  >;
  readonly jobs: Pick<WebhookJobs, "add" | "hasten" | "missing">;
  readonly settings: Settings;
  readonly log: Pick<Log, "info" | "warn">;
  readonly now: () => number;
}

export interface LogReader extends AsyncDisposable {
  /** Look at once: something happened, an endpoint has room, or somebody changed the endpoint that is named. */
  nudge(endpointId?: string): void;
}

const PAGE = 100;
/** What happens within so much of each other is read in one round. */
const GATHER_MS = 5;

/**
 * Reads the event log for all endpoints, as long as no other notifier does:
 *
 * ```
 *  lease ─► endpoints ─► events behind each cursor ─► ledger: cursor and open deliveries ─► jobs
 *    └ a new reader, and whoever missed something, gives every open delivery its job
 * ```
 */
export function openLogReader(deps: ReadLogDeps): LogReader {
  const { owner, ledger, settings, log, now } = deps;
  const ending = new AbortController();
  let resting: AbortController | undefined;
  let woken = false;
  let epoch: number | undefined;
  let repairAt = 0;
  /** Endpoints that somebody changed: what waits for them may go at once. */
  let changed = new Set<string>();

  async function round(): Promise<boolean> {
    const taken = await ledger.takeReader(owner, settings.webhook_lease_ms);
    if (taken !== epoch) {
      if (taken !== undefined) log.info("reader.began", { epoch: taken });
      epoch = taken;
      repairAt = 0;
    }
    if (taken === undefined) return false;
    const endpoints = await ledger.listEndpoints();
    const enabled = endpoints.filter(({ state }) => state === "enabled");
    const more = await feedAll(enabled, taken);
    if (now() >= repairAt) {
      const hurried = changed;
      changed = new Set();
      await repair(endpoints, hurried, deps);
      await trim(deps);
      repairAt = now() + settings.webhook_repair_ms;
    }
    return more;
  }

  async function feedAll(enabled: readonly EndpointRecord[], taken: number): Promise<boolean> {
    const page = pagesOf(ledger);
    const fed = await Promise.all(
      enabled.map((endpoint) => feedEndpoint(endpoint, { ...deps, page, epoch: taken })),
    );
    return fed.includes(true);
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      let more = false;
      woken = false;
      try {
        // oxlint-disable-next-line no-await-in-loop -- round after round
        more = await round();
      } catch (error) {
        log.warn("reader.failed", { error });
        repairAt = 0;
      }
      // oxlint-disable-next-line no-await-in-loop
      await rest(more ? 0 : settings.webhook_sweep_ms);
    }
  }

  /** Until it is woken, but for a moment at least, in which things gather. */
  async function rest(ms: number): Promise<void> {
    const signal = ending.signal;
    await pause(GATHER_MS, undefined, { signal }).catch(() => undefined);
    if (woken || ms === 0 || signal.aborted) return;
    resting = new AbortController();
    const until = AbortSignal.any([signal, resting.signal]);
    await pause(ms, undefined, { signal: until }).catch(() => undefined);
    resting = undefined;
  }

  const running = run();
  return {
    nudge(endpointId = "") {
      if (endpointId !== "") {
        repairAt = 0;
        changed.add(endpointId);
      }
      woken = true;
      resting?.abort();
    },
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
      await ledger.dropReader(owner);
    },
  };
}

/** Endpoints that stand at the same place read the same page. */
function pagesOf({ eventsAfter }: Pick<Ledger, "eventsAfter">) {
  const pages = new Map<string, Promise<readonly LogEntry[]>>();
  return (after: string, to?: string): Promise<readonly LogEntry[]> => {
    const name = `${after} ${to ?? ""}`;
    const known = pages.get(name);
    if (known !== undefined) return known;
    const page = eventsAfter(after, PAGE, to);
    pages.set(name, page);
    return page;
  };
}

/** Gives open deliveries without a job one: their reader died, they were opened by hand, or their endpoint was resumed. */
async function repair(
  endpoints: readonly EndpointRecord[],
  hurried: ReadonlySet<string>,
  { ledger, jobs, log, now }: ReadLogDeps,
): Promise<void> {
  for (const { id, open } of endpoints) {
    if (open === 0) continue;
    // oxlint-disable-next-line no-await-in-loop -- one endpoint after the other
    const all = await openJobs(id, ledger);
    // oxlint-disable-next-line no-await-in-loop
    if (hurried.has(id)) await jobs.hasten(all.filter(({ nextAt }) => nextAt === undefined));
    // oxlint-disable-next-line no-await-in-loop
    const lost = await jobs.missing(all);
    // oxlint-disable-next-line no-await-in-loop
    await jobs.add(lost.map(({ nextAt = 0, ...job }) => ({ ...job, delayMs: nextAt - now() })));
    if (lost.length > 0) log.info("deliveries.repaired", { endpoint_id: id, count: lost.length });
  }
}

async function openJobs(endpointId: EndpointId, ledger: Pick<Ledger, "openDeliveries">) {
  const open = await ledger.openDeliveries(endpointId);
  return open.map((delivery) => ({ endpointId, ...delivery }));
}

async function trim({ ledger, log, now }: ReadLogDeps): Promise<void> {
  const { trimmed, parked } = await ledger.trimEvents(now());
  if (trimmed > 0) log.info("events.trimmed", { count: trimmed });
  for (const id of parked) log.warn("endpoint.parked", { endpoint_id: id, why: "behind" });
}
