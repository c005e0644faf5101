import type { FleetBody } from "@pombo/contract";
import type { Ledger } from "@pombo/ledger";
import { json } from "../answer.ts";
import type { Handler } from "../bind-route.ts";

export interface WorkersDeps {
  readonly ledger: Pick<Ledger, "viewFleet">;
}

/** `GET /v1/workers` */
export function listWorkers({ ledger }: WorkersDeps): Handler<"listWorkers"> {
  return async () => {
    const { workers, devices, unowned } = await ledger.viewFleet();
    const body: FleetBody = {
      success: true,
      workers: workers.map(({ id, silentMs, lanes }) => ({
        id,
        heartbeat_age_ms: silentMs,
        lanes,
      })),
      devices,
      unowned,
    };
    return json(200, body);
  };
}
