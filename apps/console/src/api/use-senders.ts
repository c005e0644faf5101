import { useQuery } from "@tanstack/react-query";
import { pombo } from "./client.ts";
import { loadSession } from "./session.ts";

export interface Sender {
  readonly id: string;
  readonly name: string;
  /** Of a device; absent for a pool. */
  readonly state?: string;
}

const MOST = 200;

/** Devices and pools that can be sent from; empty where the key may not see them. */
export function useSenders() {
  return useQuery({
    queryKey: ["senders"],
    queryFn: async ({ signal }): Promise<readonly Sender[]> => {
      const session = await loadSession();
      if (session?.scopes.includes("devices:manage") !== true) return [];
      const [{ devices }, { pools }] = await Promise.all([
        pombo.listDevices({ limit: MOST }, { signal }),
        pombo.listPools({}, { signal }),
      ]);
      return [
        ...pools.map(({ pool_id: id, name, devices: of }) => ({
          id,
          name: `${name} (pool of ${of.length})`,
        })),
        ...devices.map(({ device_id: id, name, state }) => ({ id, name, state })),
      ];
    },
    staleTime: 30_000,
  });
}

/** The name of a device or pool, or its id. */
export function nameOf(senders: readonly Sender[] | undefined, id: string): string {
  return senders?.find((sender) => sender.id === id)?.name ?? id;
}
