import { type DeviceId, isOnline } from "@pombo/domain";
import type { DeviceRecord } from "@pombo/ledger";
import { type Answer, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { askDevice, awaitDevice, type DeviceRequestDeps, unanswered } from "../device-request.ts";
import { noDevice, renderDevice, visibleDevice } from "./devices.ts";

export interface ConnectionDeps extends DeviceRequestDeps {
  readonly ledger: DeviceRequestDeps["ledger"] & {
    setWanted(id: DeviceId, wanted: DeviceRecord["wanted"]): Promise<void>;
  };
}

/** `POST /v1/devices/:id/connect`: 201 when a pairing starts, else 200. */
export function connectDevice(deps: ConnectionDeps): Handler<"connectDevice"> {
  return async ({ caller, params, stop }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    if (isOnline(device.state))
      return refuse({ code: "CONFLICT", detail: "The device is connected already" });
    await deps.ledger.setWanted(device.id, "connected");
    if (device.state === "pairing" && device.owned) return json(200, renderDevice(device));
    const done = (seen: DeviceRecord): boolean => seen.owned && hasMoved(device, seen);
    const seen = await awaitDevice(device.id, { done, signal: stop }, deps);
    if (seen === undefined) return refuse(noDevice);
    if (!seen.owned) return refuse(await unanswered(device.id, deps));
    return json(seen.state === "pairing" ? 201 : 200, renderDevice(seen));
  };
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
  return async ({ caller, params, stop }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    await deps.ledger.setWanted(device.id, "disconnected");
    if (device.owned && IN_TOUCH.has(device.state)) {
      const reply = await askDevice(device.id, { kind: "disconnect", signal: stop }, deps);
      if (reply.kind === "refused") return refuse(reply.problem);
    }
    return presentState(device.id, deps);
  };
}

const IN_TOUCH: ReadonlySet<DeviceRecord["state"]> = new Set([
  "pairing",
  "connecting",
  "connected",
  "restricted",
]);

/** `POST /v1/devices/:id/logout`: unlinks it from its account. */
export function logoutDevice(deps: ConnectionDeps): Handler<"logoutDevice"> {
  return async ({ caller, params, stop }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    if (!isPaired(device)) return refuse({ code: "CONFLICT", detail: "The device is not paired" });
    const reply = await askDevice(device.id, { kind: "logout", signal: stop }, deps);
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
