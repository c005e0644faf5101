import type { FleetBody } from "@pombo/contract";
import type { Settings } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { instant, json } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { instantOrNull } from "../render-message.ts";

export interface WorkersDeps {
  readonly ledger: Pick<Ledger, "viewFleet">;
  readonly settings: Pick<Settings, "sweep_ms">;
}

type Fleet = Awaited<ReturnType<Ledger["viewFleet"]>>;

/** `GET /v1/workers` */
export function listWorkers({ ledger, settings }: WorkersDeps): Handler<"listWorkers"> {
  return async () => {
    const fleet = await ledger.viewFleet();
    const { devices, unowned } = fleet;
    return json(200, { success: true, ...renderWorkers(fleet, settings), devices, unowned });
  };
}

/** A worker shows that it lives in every sweep; one that missed so many does not answer. */
const MISSED_SWEEPS = 3;

/** Who runs devices, and who did until lately. */
export function renderWorkers(
  { workers, gone }: Pick<Fleet, "workers" | "gone">,
  settings: Pick<Settings, "sweep_ms">,
): Pick<FleetBody, "workers" | "gone_workers"> {
  const missedMs = MISSED_SWEEPS * settings.sweep_ms;
  return {
    workers: workers.map(({ id, silentMs, lanes }) => ({
      id,
      state: silentMs < missedMs ? "alive" : "silent",
      heartbeat_age_ms: silentMs,
      lanes,
    })),
    gone_workers: gone.map((one) => ({
      id: one.id,
      stopped: one.stopped,
      seen_at: instant(one.seenAt),
      lanes: one.lanes,
      taken_over: one.takers.reduce((sum, { devices }) => sum + devices, 0),
      takers: [...one.takers],
      first_taken_at: instantOrNull(one.takenFrom?.firstAt),
      last_taken_at: instantOrNull(one.takenFrom?.lastAt),
    })),
  };
}
