import type { Problem } from "@pombo/contract";
import type { DeviceRecord } from "@pombo/ledger";
import { toBuffer, toString } from "qrcode";
import { type Answer, instant, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { askDevice, awaitDevice, type DeviceRequestDeps } from "../device-request.ts";
import { type Asking, type ConnectionDeps, isPaired } from "./connection.ts";
import { noDevice, visibleDevice } from "./devices.ts";

const paired = { code: "CONFLICT", detail: "The device is paired already" } as const;

/** `GET /v1/devices/:id/qr`: JSON, PNG or text; waits for the first code of a device that is connecting. */
export function getQr(deps: DeviceRequestDeps): Handler<"getQr"> {
  return async ({ params, type, ...call }) => {
    const found = await findQr(params.id, call, deps);
    return found.kind === "refused" ? refuse(found.problem) : renderQr(found.qr, type, deps.now());
  };
}

export type FoundQr =
  | { readonly kind: "qr"; readonly qr: Qr }
  | { readonly kind: "refused"; readonly problem: Problem };

function refused(problem: Problem): { readonly kind: "refused"; readonly problem: Problem } {
  return { kind: "refused", problem };
}

/** The present code; waits for the first one of a device that is connecting. */
export async function findQr(
  id: string,
  { caller, client }: Asking,
  deps: DeviceRequestDeps,
): Promise<FoundQr> {
  const device = await visibleDevice(id, caller, deps.ledger);
  if (device === undefined) return refused(noDevice);
  if (isPaired(device)) return refused(paired);
  const done = (seen: DeviceRecord): boolean => isPaired(seen) || liveQr(seen, deps) !== undefined;
  const ms = device.wanted === "connected" ? deps.waitMs : 0;
  const seen = await awaitDevice(device.id, { done, ms, signal: client.stop }, deps);
  if (seen === undefined) return refused(noDevice);
  if (isPaired(seen)) return refused(paired);
  const qr = liveQr(seen, deps);
  if (qr !== undefined) return { kind: "qr", qr };
  const detail = "No QR code yet: connect the device first, then ask again";
  return refused(ms === 0 ? { code: "DEVICE_NOT_READY", detail } : { code: "DEVICE_NOT_READY" });
}

type Qr = NonNullable<DeviceRecord["qr"]>;

export function liveQr(
  { qr }: DeviceRecord,
  { now }: Pick<DeviceRequestDeps, "now">,
): Qr | undefined {
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
  return async ({ params, body, ...call }) => {
    const found = await askForCode(params.id, { ...call, phone: body.phone }, deps);
    if (found.kind === "refused") return refuse(found.problem);
    const { code, expiresAt } = found;
    return json(200, { success: true, code, expires_at: instant(expiresAt) });
  };
}

export type FoundCode =
  | { readonly kind: "code"; readonly code: string; readonly expiresAt: number }
  | { readonly kind: "refused"; readonly problem: Problem };

/** Asks WhatsApp for a code that is entered on the phone; the device starts to connect for it. */
export async function askForCode(
  id: string,
  { caller, client, phone }: Asking & { readonly phone: string },
  deps: ConnectionDeps,
): Promise<FoundCode> {
  const device = await visibleDevice(id, caller, deps.ledger);
  if (device === undefined) return refused(noDevice);
  if (isPaired(device)) return refused(paired);
  await deps.ledger.setWanted(device.id, "connected");
  const reply = await askDevice(
    device.id,
    { kind: "pairing-code", phone, signal: client.stop },
    deps,
  );
  if (reply.kind === "refused") return reply;
  const { code, expires_at: expiresAt } = reply.data;
  return { kind: "code", code: String(code), expiresAt: Number(expiresAt) };
}
