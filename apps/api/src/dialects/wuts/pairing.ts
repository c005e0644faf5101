import type { Settings } from "@pombo/domain";
import { toDataURL } from "qrcode";
import { json, refuse } from "../../answer.ts";
import type { Handler } from "../../bind-route.ts";
import { type ConnectionDeps, isPaired } from "../../routes/connection.ts";
import { noDevice, visibleDevice } from "../../routes/devices.ts";
import { askForCode, findQr } from "../../routes/pairing.ts";
import { liveQr } from "../../stream-qr.ts";
import { deviceMeant } from "./device.ts";
import { second } from "./second.ts";

export interface WutsPairingDeps extends ConnectionDeps {
  readonly settings: Pick<Settings, "qr_kept_ms">;
}

/** `GET /qr`: starts the pairing of a device that is not paired, and waits for its first code. */
export function getWutsQr(deps: WutsPairingDeps): Handler<"wutsQr"> {
  return async (call) => {
    const meant = deviceMeant(call.caller, call.query.device_id);
    if (meant.kind === "refused") return meant.answer;
    const device = await visibleDevice(meant.id, call.caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    const cached = liveQr(device, deps) !== undefined;
    if (!isPaired(device) && device.wanted !== "connected")
      await deps.ledger.setWanted(device.id, "connected");
    const found = await findQr(device.id, call, deps);
    if (found.kind === "refused") return refuse(found.problem);
    const { text, expiresAt } = found.qr;
    const data = {
      qr_code: text,
      image: await toDataURL(text, { margin: 4, scale: 6 }),
      cached,
      expires_at: second(expiresAt),
      ttl: Math.max(1, Math.round((expiresAt - deps.now()) / 1_000)),
    };
    return json(200, { success: true, data });
  };
}

/** `GET /qr/status` */
export function getWutsQrStatus(deps: WutsPairingDeps): Handler<"wutsQrStatus"> {
  return async ({ caller, query }) => {
    const meant = deviceMeant(caller, query.device_id);
    if (meant.kind === "refused") return meant.answer;
    const device = await visibleDevice(meant.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    const qr = liveQr(device, deps);
    // A later code of the same pairing lives shorter: this is the earliest that it can be.
    const at = qr === undefined ? null : second(qr.expiresAt - deps.settings.qr_kept_ms);
    return json(200, { success: true, data: { exists: qr !== undefined, generated_at: at } });
  };
}

const INSTRUCTIONS =
  "Enter this code on the phone: WhatsApp > Settings > Linked devices > Link a device > Link with phone number";

/** `POST /paircode` */
export function getPairCode(deps: WutsPairingDeps): Handler<"wutsPairCode"> {
  return async (call) => {
    const { phone, device_id: named } = call.body;
    const meant = deviceMeant(call.caller, named);
    if (meant.kind === "refused") return meant.answer;
    const found = await askForCode(meant.id, { ...call, phone }, deps);
    if (found.kind === "refused") return refuse(found.problem);
    const data = {
      code: `${found.code.slice(0, 4)}-${found.code.slice(4)}`,
      phone,
      expires_in: Math.max(1, Math.round((found.expiresAt - deps.now()) / 1_000)),
      cached: false,
      instructions: INSTRUCTIONS,
    };
    return json(200, { success: true, data });
  };
}
