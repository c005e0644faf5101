import type { BatchId, DeviceId } from "@pombo/domain";
import type { BatchRecord, Ledger } from "@pombo/ledger";
import { type Caller, maySee } from "./authenticate.ts";

export interface SeesMessageDeps {
  readonly ledger: Pick<Ledger, "findBatch">;
}

/**
 * Whether a key may see a message: it may see its device. A row of a pool's batch has none before it is drawn: it is seen by who sees all
 * devices that the batch may be sent from.
 */
export async function seesMessage(
  caller: Caller,
  { deviceId, batchId }: { readonly deviceId: DeviceId | ""; readonly batchId?: BatchId },
  { ledger }: SeesMessageDeps,
): Promise<boolean> {
  if (deviceId !== "" || caller.devices === "*") return maySee(caller, deviceId);
  const batch = batchId === undefined ? undefined : await ledger.findBatch(batchId);
  return batch !== undefined && maySeeBatch(caller, batch);
}

export function maySeeBatch(caller: Caller, { deviceIds }: BatchRecord): boolean {
  return deviceIds.every((id) => maySee(caller, id));
}
