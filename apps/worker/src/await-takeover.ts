import { setTimeout as pause } from "node:timers/promises";
import { type DeviceId, isOnline } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";

const BETWEEN_MS = 50;

/** Resolves when all of these devices are connected again, by whoever has taken them, or when `ms` are over. */
export async function awaitTakeover(
  deviceIds: readonly DeviceId[],
  { ledger, ms }: { readonly ledger: Pick<Ledger, "findDevice">; readonly ms: number },
): Promise<void> {
  const end = performance.now() + ms;
  let waiting = deviceIds;
  while (waiting.length > 0 && performance.now() < end) {
    // oxlint-disable-next-line no-await-in-loop -- each look comes after the one before
    const found = await Promise.all(waiting.map((id) => ledger.findDevice(id)));
    waiting = waiting.filter((_, index) => {
      const device = found[index];
      return device !== undefined && !isOnline(device.state);
    });
    // oxlint-disable-next-line no-await-in-loop
    if (waiting.length > 0) await pause(BETWEEN_MS);
  }
}
