import { type DeviceId, isDeviceId } from "@pombo/domain";
import { type Answer, refuse } from "../../answer.ts";
import { type Caller, maySee } from "../../authenticate.ts";

export type Meant =
  | { readonly kind: "device"; readonly id: DeviceId }
  | { readonly kind: "refused"; readonly answer: Answer };

const MISSING = "device_id is required: the API key is not bound to a device";

/** Which device a request means: the one that it names, else the one that the key is bound to. */
export function deviceMeant(caller: Caller, named: string | undefined): Meant {
  const id = named ?? caller.deviceId;
  if (id === undefined) {
    const validation = [{ field: "device_id", message: MISSING, value: null }];
    return { kind: "refused", answer: refuse({ code: "VALIDATION_ERROR", validation }) };
  }
  if (isDeviceId(id) && maySee(caller, id)) return { kind: "device", id };
  return { kind: "refused", answer: refuse({ code: "DEVICE_NOT_FOUND" }) };
}
