import { randomBytes } from "node:crypto";
import type { Problem } from "@pombo/contract";
import { catalogRow, type DeviceId } from "@pombo/domain";
import type { DeviceRecord, DeviceReply, DeviceRequest } from "@pombo/ledger";
import { awaitChange } from "./await-change.ts";
import type { Follow } from "./follow.ts";

export interface DeviceRequestDeps {
  readonly ledger: {
    findDevice(id: DeviceId): Promise<DeviceRecord | undefined>;
    postRequest(deviceId: DeviceId, request: DeviceRequest): Promise<void>;
    findReply(requestId: string): Promise<DeviceReply | undefined>;
  };
  readonly follow: Pick<Follow, "device" | "listening" | "reply">;
  readonly now: () => number;
  /** How long an owner may take to answer. */
  readonly waitMs: number;
}

export type DeviceAnswer =
  | { readonly kind: "done"; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: "refused"; readonly problem: Problem };

/** Asks the owner of a device to do something and waits for its answer. */
export async function askDevice(
  deviceId: DeviceId,
  { signal, ...ask }: Omit<DeviceRequest, "id" | "deadline"> & { readonly signal: AbortSignal },
  deps: DeviceRequestDeps,
): Promise<DeviceAnswer> {
  const id = `ask_${randomBytes(9).toString("hex")}`;
  await deps.ledger.postRequest(deviceId, { ...ask, id, deadline: deps.now() + deps.waitMs });
  const reply = await awaitChange(
    {
      subscribe: (ring) => deps.follow.reply(id, ring),
      listening: () => deps.follow.listening(),
      read: () => deps.ledger.findReply(id),
    },
    { ms: deps.waitMs, signal, done: (found) => found !== undefined },
  );
  if (reply === undefined) return { kind: "refused", problem: await unanswered(deviceId, deps) };
  if (reply.kind === "done") return reply;
  return { kind: "refused", problem: await refusalOf(reply, deviceId, deps) };
}

/** A device that is away says so; where its record knows what somebody has to do about it, that is told. */
async function refusalOf(
  { code, detail }: Extract<DeviceReply, { kind: "failed" }>,
  deviceId: DeviceId,
  { ledger }: Pick<DeviceRequestDeps, "ledger">,
): Promise<Problem> {
  const told = detail === "" ? { code } : { code, detail };
  if (catalogRow(code).remedy.kind !== "park") return told;
  const cause = (await ledger.findDevice(deviceId))?.code;
  if (cause === undefined) return told;
  const { remedy } = catalogRow(cause);
  return remedy.kind === "park" && remedy.alert ? { code: cause } : told;
}

/** Nobody answered: no worker has the device, or its owner is silent. */
export async function unanswered(
  deviceId: DeviceId,
  { ledger }: Pick<DeviceRequestDeps, "ledger">,
): Promise<Problem> {
  const device = await ledger.findDevice(deviceId);
  return device?.owned === true
    ? { code: "DEVICE_ERROR" }
    : { code: "SERVICE_UNAVAILABLE", detail: "No worker has taken this device yet" };
}

/** Waits until a device is as wanted, or the time is up. */
export function awaitDevice(
  deviceId: DeviceId,
  wait: { done(device: DeviceRecord): boolean; readonly ms?: number; readonly signal: AbortSignal },
  { ledger, follow, waitMs }: DeviceRequestDeps,
): Promise<DeviceRecord | undefined> {
  return awaitChange(
    {
      subscribe: (ring) => follow.device(deviceId, ring),
      listening: () => follow.listening(),
      read: () => ledger.findDevice(deviceId),
    },
    {
      ms: wait.ms ?? waitMs,
      signal: wait.signal,
      done: (device) => device === undefined || wait.done(device),
    },
  );
}
