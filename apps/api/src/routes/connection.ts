import { type DeviceId, isOnline } from "@pombo/domain";
import type { DeviceRecord } from "@pombo/ledger";
import type { Problem, RouteName } from "@pombo/contract";
import { type Answer, json, refuse } from "../answer.ts";
import type { Call, Handler } from "../bind-route.ts";
import { askDevice, awaitDevice, type DeviceRequestDeps, unanswered } from "../device-request.ts";
import { noDevice, renderDevice, visibleDevice } from "./devices.ts";

export interface ConnectionDeps extends DeviceRequestDeps {
  readonly ledger: DeviceRequestDeps["ledger"] & {
    setWanted(id: DeviceId, wanted: DeviceRecord["wanted"]): Promise<void>;
  };
}

/** `POST /v1/devices/:id/connect`: 201 when a pairing starts, else 200. */
export function connectDevice(deps: ConnectionDeps): Handler<"connectDevice"> {
  return async ({ params, ...call }) => {
    const end = await connect(params.id, call, deps);
    if (end.kind === "refused") return refuse(end.problem);
    return json(end.started ? 201 : 200, renderDevice(end.device));
  };
}

/** Who asks, and what ends the wait. */
export type Asking = Pick<Call<RouteName>, "caller" | "client">;

export type Moved =
  /** `started`: a pairing has begun. */
  | { readonly kind: "moved"; readonly device: DeviceRecord; readonly started: boolean }
  | { readonly kind: "refused"; readonly problem: Problem };

export async function connect(
  id: string,
  { caller, client }: Asking,
  deps: ConnectionDeps,
): Promise<Moved> {
  const device = await visibleDevice(id, caller, deps.ledger);
  if (device === undefined) return refused(noDevice);
  if (isOnline(device.state))
    return refused({ code: "CONFLICT", detail: "The device is connected already" });
  await deps.ledger.setWanted(device.id, "connected");
  if (device.state === "pairing" && device.owned) return moved(device, false);
  const done = (seen: DeviceRecord): boolean => seen.owned && hasMoved(device, seen);
  const seen = await awaitDevice(device.id, { done, signal: client.stop }, deps);
  if (seen === undefined) return refused(noDevice);
  if (!seen.owned) return refused(await unanswered(device.id, deps));
  return moved(seen, seen.state === "pairing");
}

function moved(device: DeviceRecord, started: boolean): Moved {
  return { kind: "moved", device, started };
}

function refused(problem: Problem): Moved {
  return { kind: "refused", problem };
}

/** The owner has taken the wish up: a pairing shows its code, a paired device is on its way. */
function hasMoved(before: DeviceRecord, seen: DeviceRecord): boolean {
  if (isOnline(seen.state) || seen.state === "pairing") return true;
  return isPaired(before) && (seen.state === "connecting" || seen.stateAt > before.stateAt);
}

/** A device that is linked to an account, connected or not. */
export function isPaired({ state, phone }: DeviceRecord): boolean {
  return phone !== undefined && state !== "logged_out" && state !== "pairing";
}

/** `POST /v1/devices/:id/disconnect`: it stays paired, its messages wait. */
export function disconnectDevice(deps: ConnectionDeps): Handler<"disconnectDevice"> {
  return async ({ params, ...call }) => {
    const end = await disconnect(params.id, call, deps);
    return end.kind === "refused" ? refuse(end.problem) : json(200, renderDevice(end.device));
  };
}

export async function disconnect(
  id: string,
  { caller, client }: Asking,
  deps: ConnectionDeps,
): Promise<Moved> {
  const device = await visibleDevice(id, caller, deps.ledger);
  if (device === undefined) return refused(noDevice);
  await deps.ledger.setWanted(device.id, "disconnected");
  if (device.owned && IN_TOUCH.has(device.state)) {
    const reply = await askDevice(device.id, { kind: "disconnect", signal: client.stop }, deps);
    if (reply.kind === "refused") return reply;
  }
  const now = await deps.ledger.findDevice(device.id);
  return now === undefined ? refused(noDevice) : moved(now, false);
}

const IN_TOUCH: ReadonlySet<DeviceRecord["state"]> = new Set([
  "pairing",
  "connecting",
  "connected",
  "restricted",
]);

/** `POST /v1/devices/:id/logout`: unlinks it from its account. */
export function logoutDevice(deps: ConnectionDeps): Handler<"logoutDevice"> {
  return async ({ caller, params, client }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    if (!isPaired(device)) return refuse({ code: "CONFLICT", detail: "The device is not paired" });
    const reply = await askDevice(device.id, { kind: "logout", signal: client.stop }, deps);
    if (reply.kind === "refused") return refuse(reply.problem);
    await deps.ledger.setWanted(device.id, "disconnected");
    return presentState(device.id, deps);
  };
}

async function presentState(
  id: DeviceId,
  { ledger }: Pick<ConnectionDeps, "ledger">,
): Promise<Answer> {
  const device = await ledger.findDevice(id);
  return device === undefined ? refuse(noDevice) : json(200, renderDevice(device));
}
