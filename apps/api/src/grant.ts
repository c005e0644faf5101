import type { CreateApiKeyInput, Problem } from "@pombo/contract";
import { type Caller, maySee } from "./authenticate.ts";

type Asked = Pick<CreateApiKeyInput, "scopes" | "devices" | "device_id" | "expires_at">;

/** Why a key may not grant this to another one: nobody gives what he does not have. */
export function refuseGrant(caller: Caller, asked: Asked): Problem | undefined {
  const scope = asked.scopes.find((wanted) => !caller.scopes.includes(wanted));
  if (scope !== undefined) return forbidden(`The API key lacks the scope ${scope}`);
  if (asked.devices === "*" && caller.devices !== "*")
    return forbidden("The API key is limited to certain devices");
  if (caller.expiresAt !== undefined && (asked.expires_at ?? Infinity) > caller.expiresAt)
    return forbidden("The API key ends before the one that it would create");
  const named = asked.devices === "*" ? [] : asked.devices;
  const foreign = [...named, ...(asked.device_id === undefined ? [] : [asked.device_id])].find(
    (id) => !maySee(caller, id),
  );
  return foreign === undefined ? undefined : noSuchDevice(foreign);
}

export function noSuchDevice(id: string): Problem {
  const shown = /^[\w-]{1,40}$/.test(id) ? ` ${id}` : "";
  return { code: "DEVICE_NOT_FOUND", detail: `There is no device${shown}` };
}

function forbidden(detail: string): Problem {
  return { code: "FORBIDDEN", detail };
}

/** Keys that reach further than the caller's devices are as if absent; its own it may always see. */
export function maySeeKey(
  caller: Caller,
  key: { readonly id: string; readonly devices: "*" | readonly string[] },
): boolean {
  if (caller.devices === "*" || key.id === caller.keyId) return true;
  return key.devices !== "*" && key.devices.every((id) => maySee(caller, id));
}

/** Pools that reach further than the caller's devices are as if absent. One without devices is seen by keys for all devices. */
export function maySeePool(
  caller: Caller,
  { devices }: { readonly devices: readonly string[] },
): boolean {
  if (devices.length === 0) return caller.devices === "*";
  return devices.every((id) => maySee(caller, id));
}
