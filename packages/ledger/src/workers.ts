import type { Settings } from "@pombo/domain";
import type { Run } from "./scripts.ts";

interface WorkerView {
  /** `<worker>#<start>` */
  readonly id: string;
  /** Since its last sign of life, by the clock of Redis. */
  readonly silentMs: number;
  readonly lanes: number;
}

interface FleetView {
  readonly workers: readonly WorkerView[];
  readonly devices: number;
  /** Devices that no worker runs at this moment. */
  readonly unowned: number;
}

export interface Workers {
  viewFleet(): Promise<FleetView>;
}

export function workers(run: Run, settings: Pick<Settings, "worker_ttl_ms">): Workers {
  return {
    async viewFleet() {
      const reply = await run("list-workers", settings.worker_ttl_ms);
      const [devices = 0, unowned = 0, ...rest] = reply as (string | number)[];
      const found = Array.from({ length: rest.length / 3 }, (_, index) => ({
        id: String(rest[index * 3]),
        silentMs: Number(rest[index * 3 + 1]),
        lanes: Number(rest[index * 3 + 2]),
      }));
      return { workers: found, devices: Number(devices), unowned: Number(unowned) };
    },
  };
}
