import type { DeviceRecord } from "@pombo/ledger";
import { toBuffer, toString } from "qrcode";
import { type Answer, instant, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { askDevice, awaitDevice, type DeviceRequestDeps } from "../device-request.ts";
import { type ConnectionDeps, isPaired } from "./connection.ts";
import { noDevice, visibleDevice } from "./devices.ts";

const paired = { code: "CONFLICT", detail: "The device is paired already" } as const;

/** `GET /v1/devices/:id/qr`: JSON, PNG or text; waits for the first code of a device that is connecting. */
export function getQr(deps: DeviceRequestDeps): Handler<"getQr"> {
  return async ({ caller, params, stop, type }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    if (isPaired(device)) return refuse(paired);
    const done = (seen: DeviceRecord): boolean =>
      isPaired(seen) || liveQr(seen, deps) !== undefined;
    const ms = device.wanted === "connected" ? deps.waitMs : 0;
    const seen = await awaitDevice(device.id, { done, ms, signal: stop }, deps);
    if (seen === undefined) return refuse(noDevice);
    if (isPaired(seen)) return refuse(paired);
    const qr = liveQr(seen, deps);
    if (qr !== undefined) return renderQr(qr, type, deps.now());
    const detail = "No QR code yet: connect the device first, then ask again";
    return refuse(ms === 0 ? { code: "DEVICE_NOT_READY", detail } : { code: "DEVICE_NOT_READY" });
  };
}

type Qr = NonNullable<DeviceRecord["qr"]>;

function liveQr({ qr }: DeviceRecord, { now }: Pick<DeviceRequestDeps, "now">): Qr | undefined {
  return qr !== undefined && qr.expiresAt > now() ? qr : undefined;
}

async function renderQr({ text, expiresAt }: Qr, type: string, now: number): Promise<Answer> {
  switch (type) {
    case "image/png":
      return picture("image/png", await toBuffer(text, { type: "png", margin: 4, scale: 6 }));
    case "text/plain":
      return picture("text/plain; charset=utf-8", await toString(text, { type: "utf8" }));
    default: {
      const ttl = Math.max(1, Math.round((expiresAt - now) / 1_000));
      return json(200, { success: true, qr: text, expires_at: instant(expiresAt), ttl });
    }
  }
}

function picture(type: string, body: string | Buffer): Answer {
  return { kind: "answer", status: 200, headers: { "Content-Type": type }, body };
}

/** `POST /v1/devices/:id/pairing-code` */
export function pairByCode(deps: ConnectionDeps): Handler<"pairByCode"> {
  return async ({ caller, params, body, stop }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    if (isPaired(device)) return refuse(paired);
    await deps.ledger.setWanted(device.id, "connected");
    const ask = { kind: "pairing-code", phone: body.phone, signal: stop } as const;
    const reply = await askDevice(device.id, ask, deps);
    if (reply.kind === "refused") return refuse(reply.problem);
    const { code, expires_at: expiresAt } = reply.data;
    return json(200, { success: true, code, expires_at: instant(Number(expiresAt)) });
  };
}
