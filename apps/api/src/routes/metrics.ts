import type { Ledger } from "@pombo/ledger";
import type { Metrics } from "@pombo/telemetry";
import { refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import type { EventTail } from "../event-tail.ts";

export interface MetricsDeps {
  readonly ledger: Pick<Ledger, "countLetters" | "viewFleet">;
  readonly tail: Pick<EventTail, "listeners">;
  readonly metrics: Metrics;
}

/** `GET /metrics`: of this process, and what the installation looks like from it. */
export function getMetrics({ ledger, tail, metrics }: MetricsDeps): Handler<"getMetrics"> {
  return async ({ caller }) => {
    if (caller.devices !== "*")
      return refuse({ code: "FORBIDDEN", detail: "The API key is limited to certain devices" });
    const [fleet, letters] = await Promise.all([ledger.viewFleet(), ledger.countLetters()]);
    const body = await metrics.render({
      live_clients: tail.listeners(),
      workers: fleet.workers.length,
      devices: fleet.devices,
      devices_without_worker: fleet.unowned,
      dead_letters: letters,
    });
    const headers = { "Content-Type": metrics.contentType };
    return { kind: "answer", status: 200, headers, body };
  };
}
