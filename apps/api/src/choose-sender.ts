import type { Problem, SendMessageInput } from "@pombo/contract";
import {
  type DeviceId,
  isDeviceId,
  isInboundId,
  isMessageId,
  isPoolId,
  recipientKey,
} from "@pombo/domain";
import type { Ledger, Pooled, PoolRecord } from "@pombo/ledger";
import { type Caller, maySee } from "./authenticate.ts";
import { maySeePool } from "./grant.ts";

export interface SenderDeps {
  readonly ledger: Pick<Ledger, "chooseDevice" | "findMessage" | "findPool" | "findReceived">;
  readonly now: () => number;
}

export type Sender =
  /** `pooled`: the device was chosen by a pool, and may change until the message has left. */
  | { readonly kind: "device"; readonly deviceId: DeviceId; readonly pooled?: Pooled }
  | { readonly kind: "pool"; readonly pool: PoolRecord }
  | { readonly kind: "absent" };

/** What `from` names; what the key may not see is as if absent. */
export async function findSender(
  { from }: Pick<SendMessageInput, "from">,
  caller: Caller,
  { ledger }: SenderDeps,
): Promise<Sender> {
  if (isPoolId(from)) {
    const pool = await ledger.findPool(from);
    return pool !== undefined && maySeePool(caller, pool)
      ? { kind: "pool", pool }
      : { kind: "absent" };
  }
  return isDeviceId(from) && maySee(caller, from)
    ? { kind: "device", deviceId: from }
    : { kind: "absent" };
}

type Chosen =
  | Extract<Sender, { kind: "device" }>
  | { readonly kind: "refused"; readonly problem: Problem };

/** The device of a pool that a message goes to. What it quotes or reacts to ties it for good: only that device is in that chat. */
export async function chooseSender(
  pool: PoolRecord,
  body: SendMessageInput,
  { ledger, now }: SenderDeps,
): Promise<Chosen> {
  if (body.to.kind === "group") return refused(groupNeedsDevice(body));
  const target = body.quoted?.message_id ?? body.reaction?.message_id;
  const holder = target === undefined ? undefined : await holderOf(target, pool, ledger);
  if (holder !== undefined) return { kind: "device", deviceId: holder };
  const chosen = await ledger.chooseDevice(pool.id, recipientKey(body.to), now());
  return chosen === undefined ? refused(noDevices) : { kind: "device", ...chosen };
}

/** The device of the pool that sent or received a message. */
async function holderOf(
  id: string,
  { devices }: PoolRecord,
  { findMessage, findReceived }: SenderDeps["ledger"],
): Promise<DeviceId | undefined> {
  const own = isMessageId(id) ? await findMessage(id) : undefined;
  if (own !== undefined) return devices.find((device) => device === own.deviceId);
  if (!isInboundId(id)) return undefined;
  const received = await Promise.all(devices.map((device) => findReceived(device, id)));
  return devices.find((_, index) => received[index] !== undefined);
}

function groupNeedsDevice({ from }: SendMessageInput): Problem {
  const message = "from must be the id of a device when to is a group";
  return { code: "VALIDATION_ERROR", validation: [{ field: "from", message, value: from }] };
}

const noDevices = { code: "CONFLICT", detail: "The pool has no devices" } as const;

function refused(problem: Problem): Chosen {
  return { kind: "refused", problem };
}
