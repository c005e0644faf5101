import { isOnline } from "@pombo/domain";
import type { DeviceRecord } from "@pombo/ledger";
import { type Answer, json, refuse } from "../../answer.ts";
import type { Handler } from "../../bind-route.ts";
import { chatJid } from "../../render-message.ts";
import { connect, type ConnectionDeps, disconnect, isPaired } from "../../routes/connection.ts";
import { visibleDevice } from "../../routes/devices.ts";
import { deviceMeant } from "./device.ts";
import { second } from "./second.ts";

/** `POST /connect`: 201 when a pairing starts. */
export function connectMeant(deps: ConnectionDeps): Handler<"wutsConnect"> {
  return async (call) => {
    const meant = deviceMeant(call.caller, call.body.device_id);
    if (meant.kind === "refused") return meant.answer;
    const moved = await connect(meant.id, call, deps);
    if (moved.kind === "refused") return refuse(moved.problem);
    const says = moved.started ? "Pairing started" : "Connecting";
    return render(moved.device, { status: moved.started ? 201 : 200, says });
  };
}

/** `POST /disconnect` */
export function disconnectMeant(deps: ConnectionDeps): Handler<"wutsDisconnect"> {
  return async (call) => {
    const meant = deviceMeant(call.caller, call.body.device_id);
    if (meant.kind === "refused") return meant.answer;
    const end = await disconnect(meant.id, call, deps);
    if (end.kind === "refused") return refuse(end.problem);
    return render(end.device, { status: 200, says: "Disconnected" });
  };
}

function render(
  { id, state }: DeviceRecord,
  { status, says }: { readonly status: number; readonly says: string },
): Answer {
  const data = { device_id: id, status: state, connected: isOnline(state) };
  return json(status, { success: true, message: says, data });
}

/** `GET /status`: 200 for every device that there is. */
export function getStatus({ ledger }: Pick<ConnectionDeps, "ledger">): Handler<"wutsStatus"> {
  return async ({ caller, query }) => {
    const meant = deviceMeant(caller, query.device_id);
    if (meant.kind === "refused") return meant.answer;
    const device = await visibleDevice(meant.id, caller, ledger);
    if (device === undefined) return refuse({ code: "DEVICE_NOT_FOUND" });
    const { id, state, phone, seenAt } = device;
    const data = {
      connected: isOnline(state),
      status: state,
      device_id: id,
      jid: phone === undefined ? null : chatJid(phone),
      phone_number: phone ?? null,
      is_logged_in: isPaired(device),
      last_seen: seenAt === undefined ? null : second(seenAt),
    };
    return json(200, { success: true, data });
  };
}
