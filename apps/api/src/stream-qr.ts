import type { ServerResponse } from "node:http";
import type { Problem, RenderedProblem } from "@pombo/contract";
import type { DeviceId } from "@pombo/domain";
import type { DeviceRecord } from "@pombo/ledger";
import { instant } from "./answer.ts";
import { awaitDevice, type DeviceRequestDeps } from "./device-request.ts";
import type { Client } from "./exchange.ts";
import { isPaired } from "./routes/connection.ts";

export type Qr = NonNullable<DeviceRecord["qr"]>;

export interface QrStreamDeps extends DeviceRequestDeps {
  readonly heartbeatMs: number;
}

export interface QrStreamAsk {
  readonly deviceId: DeviceId;
  readonly client: Client;
  render(problem: Problem): Pick<RenderedProblem, "body">;
}

/** How a stream of codes ends: the device is paired, or there will be no further code for this client. */
interface Ending {
  readonly event: "paired" | "ended" | "closing";
  readonly data: object;
}

/** Each QR code of a device that is being paired, as server-sent events, until it is paired or the pairing ends. */
export async function streamQr(
  res: ServerResponse,
  ask: QrStreamAsk,
  deps: QrStreamDeps,
): Promise<void> {
  let shown = "";
  let ending: Ending | undefined;
  res.write(":\n\n");
  while (ending === undefined) {
    const isNew = (device: DeviceRecord): boolean =>
      isOver(device) || (liveQr(device, deps)?.text ?? shown) !== shown;
    const wait = { done: isNew, ms: deps.heartbeatMs, signal: ask.client.stop };
    // oxlint-disable-next-line no-await-in-loop -- one code after the other
    const device = await awaitDevice(ask.deviceId, wait, deps);
    ending = endingOf(device, ask);
    const qr = device === undefined ? undefined : liveQr(device, deps);
    if (ending !== undefined) res.write(frameOf(ending));
    else if (qr !== undefined && qr.text !== shown) {
      shown = qr.text;
      res.write(frameOf({ event: "qr", data: qrFields(qr, deps.now()) }));
    } else res.write(":\n\n");
  }
  res.end();
}

function endingOf(device: DeviceRecord | undefined, ask: QrStreamAsk): Ending | undefined {
  const { client, deviceId } = ask;
  const ended = (problem: Problem): Ending => ({ event: "ended", data: ask.render(problem).body });
  if (client.ended.aborted) return ended({ code: "INVALID_API_KEY" });
  if (client.stop.aborted) return { event: "closing", data: {} };
  if (device === undefined) return ended({ code: "DEVICE_NOT_FOUND" });
  if (isPaired(device)) return { event: "paired", data: { device_id: deviceId } };
  if (isOver(device))
    return ended({ code: "DEVICE_NOT_READY", detail: "The pairing has ended: connect again" });
  return undefined;
}

/** There will be no further code. */
function isOver(device: DeviceRecord): boolean {
  return isPaired(device) || device.wanted !== "connected";
}

export function liveQr(
  { qr }: DeviceRecord,
  { now }: Pick<DeviceRequestDeps, "now">,
): Qr | undefined {
  return qr !== undefined && qr.expiresAt > now() ? qr : undefined;
}

export function qrFields({ text, expiresAt }: Qr, now: number) {
  const ttl = Math.max(1, Math.round((expiresAt - now) / 1_000));
  return { qr: text, expires_at: instant(expiresAt), ttl };
}

function frameOf({ event, data }: { readonly event: string; readonly data: object }): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
