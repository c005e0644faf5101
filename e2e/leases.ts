import { eventually } from "./eventually.ts";
import { lookIntoRedis } from "./look-into-redis.ts";
import type { Pombo } from "./pombo.ts";

export interface Lease {
  readonly device: string;
  /** the worker's name for life, without its start; undefined: nobody owns the device */
  readonly worker: string | undefined;
  readonly epoch: number;
}

/** Who owns what, as Redis says it. */
export interface Leases extends AsyncDisposable {
  of(devices: readonly string[]): Promise<readonly Lease[]>;
  /** Waits until the devices are owned as wanted: the count of devices by worker. */
  until(
    devices: readonly string[],
    wanted: (counts: Readonly<Record<string, number>>) => boolean,
    withinMs?: number,
  ): Promise<readonly Lease[]>;
}

export const NOBODY = "nobody";

export async function openLeases(pombo: Pombo): Promise<Leases> {
  const view = await lookIntoRedis(pombo);
  const { redis, keys } = view;
  const of = async (devices: readonly string[]): Promise<readonly Lease[]> =>
    Promise.all(
      devices.map(async (device) => {
        const lease = await redis.get(keys.lease(device));
        const epoch = await redis.hget(keys.device(device), "epoch");
        return { device, worker: lease?.split("#")[0], epoch: Number(epoch ?? 0) };
      }),
    );
  return {
    of,
    until: (devices, wanted, withinMs) =>
      eventually(
        () => of(devices),
        (leases) => wanted(countsOf(leases)),
        withinMs,
      ),
    [Symbol.asyncDispose]: () => view[Symbol.asyncDispose](),
  };
}

export function countsOf(leases: readonly Lease[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { worker = NOBODY } of leases) counts[worker] = (counts[worker] ?? 0) + 1;
  return counts;
}
