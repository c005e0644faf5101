import { setTimeout as pause } from "node:timers/promises";
import { type DeviceId, isOnline } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";

const BETWEEN_MS = 50;

/** Resolves when all of these devices are connected again, by whoever has taken them, or when the signal says that it has been long enough. */
export async function awaitTakeover(
  deviceIds: readonly DeviceId[],
  ledger: Pick<Ledger, "findDevice">,
  signal: AbortSignal,
): Promise<void> {
  let waiting = deviceIds;
  while (waiting.length > 0 && !signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- each look comes after the one before
    const found = await Promise.all(waiting.map((id) => ledger.findDevice(id)));
    waiting = waiting.filter((_, index) => {
      const device = found[index];
      return device !== undefined && !isOnline(device.state);
    });
    // oxlint-disable-next-line no-await-in-loop
    if (waiting.length > 0) await pause(BETWEEN_MS, undefined, { signal }).catch(() => undefined);
  }
}
