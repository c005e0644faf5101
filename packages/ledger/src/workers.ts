import type { Settings } from "@pombo/domain";
import type { Run } from "./scripts.ts";

interface WorkerView {
  /** `<worker>#<start>` */
  readonly id: string;
  /** Since its last sign of life, by the clock of Redis. */
  readonly silentMs: number;
  readonly lanes: number;
}

/** A worker that stopped or fell silent. Times are ms since the epoch. */
interface GoneWorker {
  readonly id: string;
  readonly seenAt: number;
  /** It said that it stops. */
  readonly stopped: boolean;
  /** Devices that it ran when it was last heard of. */
  readonly lanes: number;
  readonly takenFrom?: { readonly firstAt: number; readonly lastAt: number };
  /** Who took its devices. */
  readonly takers: readonly { readonly id: string; readonly devices: number }[];
}

interface FleetView {
  readonly workers: readonly WorkerView[];
  /** The last of them, the latest first. */
  readonly gone: readonly GoneWorker[];
  readonly devices: number;
  /** Devices that no worker runs at this moment. */
  readonly unowned: number;
}

export interface Workers {
  viewFleet(): Promise<FleetView>;
}

const GONE_SHOWN = 20;

export function workers(run: Run, settings: Pick<Settings, "worker_ttl_ms">): Workers {
  return {
    async viewFleet() {
      const reply = (await run("list-workers", settings.worker_ttl_ms, GONE_SHOWN)) as Listed;
      const [devices, unowned, living, gone] = reply;
      const found = living.map(([id, silentMs, lanes]) => ({ id, silentMs, lanes }));
      return { workers: found, gone: gone.map(readGone), devices, unowned };
    },
  };
}

type Listed = readonly [
  devices: number,
  unowned: number,
  living: readonly (readonly [id: string, silentMs: number, lanes: number])[],
  gone: readonly Gone[],
];
type Gone = readonly [
  id: string,
  seenAt: string,
  stopped: string,
  lanes: string,
  first: string,
  last: string,
  takers: readonly string[],
];

function readGone([id, seenAt, stopped, lanes, first, last, takers]: Gone): GoneWorker {
  return {
    id,
    seenAt: Number(seenAt),
    stopped: stopped === "1",
    lanes: Number(lanes),
    ...(first === "" ? {} : { takenFrom: { firstAt: Number(first), lastAt: Number(last) } }),
    takers: Array.from({ length: takers.length / 2 }, (_, index) => ({
      id: takers[index * 2] ?? "",
      devices: Number(takers[index * 2 + 1]),
    })),
  };
}
