import type { Problem } from "@pombo/contract";
import { type DeviceId, isDeviceId, isPoolId, type PoolId } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { type Caller, maySee } from "./authenticate.ts";
import { maySeePool, noSuchDevice } from "./grant.ts";

export interface SenderDeps {
  readonly ledger: Pick<Ledger, "findDevice" | "findPool">;
}

export type Senders =
  | {
      readonly kind: "senders";
      readonly deviceIds: readonly DeviceId[];
      readonly poolId?: PoolId;
    }
  | { readonly kind: "refused"; readonly problem: Problem };

/** The devices that `from` means: one, or those of a pool. What the key may not see is as if absent. */
export async function sendersOf(
  from: string,
  caller: Caller,
  { ledger }: SenderDeps,
): Promise<Senders> {
  const absent = { kind: "refused", problem: noSuchDevice(from) } as const;
  if (isDeviceId(from)) {
    const device = maySee(caller, from) ? await ledger.findDevice(from) : undefined;
    return device === undefined ? absent : { kind: "senders", deviceIds: [device.id] };
  }
  const pool = isPoolId(from) ? await ledger.findPool(from) : undefined;
  if (pool === undefined || !maySeePool(caller, pool)) return absent;
  return pool.devices.length === 0
    ? { kind: "refused", problem: { code: "CONFLICT", detail: "The pool has no devices" } }
    : { kind: "senders", deviceIds: pool.devices, poolId: pool.id };
}
