import type { Problem } from "@pombo/contract";
import type { ServerResponse } from "node:http";
import type { Settings } from "@pombo/domain";
import type { DeviceRecord } from "@pombo/ledger";
import { toBuffer, toString } from "qrcode";
import { type Answer, instant, json, refuse } from "../answer.ts";
import type { Call, Handler, Outcome } from "../bind-route.ts";
import { askDevice, awaitDevice, type DeviceRequestDeps } from "../device-request.ts";
import { STREAM_HEADERS } from "../stream-events.ts";
import { liveQr, type Qr, qrFields, type QrStreamDeps, streamQr } from "../stream-qr.ts";
import { type Asking, type ConnectionDeps, isPaired } from "./connection.ts";
import { noDevice, visibleDevice } from "./devices.ts";

const paired = { code: "CONFLICT", detail: "The device is paired already" } as const;

export type QrDeps = Omit<QrStreamDeps, "heartbeatMs"> & {
  readonly settings: Pick<Settings, "stream_heartbeat_ms">;
};

/** `GET /v1/devices/:id/qr`: JSON, PNG or text; waits for the first code of a device that is connecting. As a stream: every code. */
export function getQr(deps: QrDeps): Handler<"getQr"> {
  return async ({ params, type, ...call }) => {
    if (type === "text/event-stream") return beginQrStream(params.id, call, deps);
    const found = await findQr(params.id, call, deps);
    return found.kind === "refused" ? refuse(found.problem) : renderQr(found.qr, type, deps.now());
  };
}

async function beginQrStream(
  id: string,
  { caller, client, render }: Asking & Pick<Call<"getQr">, "render">,
  deps: QrDeps,
): Promise<Outcome> {
  const device = await visibleDevice(id, caller, deps.ledger);
  if (device === undefined) return refuse(noDevice);
  if (isPaired(device)) return refuse(paired);
  if (device.wanted !== "connected") return refuse({ code: "DEVICE_NOT_READY", detail: NO_CODE });
  const heartbeatMs = deps.settings.stream_heartbeat_ms;
  const run = (res: ServerResponse): Promise<void> =>
    streamQr(res, { deviceId: device.id, client, render }, { ...deps, heartbeatMs });
  return { kind: "stream", headers: STREAM_HEADERS, run };
}

const NO_CODE = "No QR code yet: connect the device first, then ask again";

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
  return refused(
    ms === 0 ? { code: "DEVICE_NOT_READY", detail: NO_CODE } : { code: "DEVICE_NOT_READY" },
  );
}

async function renderQr(qr: Qr, type: string, now: number): Promise<Answer> {
  const { text } = qr;
  switch (type) {
    case "image/png":
      return picture("image/png", await toBuffer(text, { type: "png", margin: 4, scale: 6 }));
    case "text/plain":
      return picture("text/plain; charset=utf-8", await toString(text, { type: "utf8" }));
    default:
      return json(200, { success: true, ...qrFields(qr, now) });
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
