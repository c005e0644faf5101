import { setTimeout as pause } from "node:timers/promises";

import { readIfThere } from "./data-folder.ts";
import { writeAtomic } from "./write-atomic.ts";

/** The device that is paired with the simulator before anyone asks, so that the first curl sends something. */
export interface SandboxDevice {
  readonly device_id: string;
  readonly phone: string;
}

export interface SandboxPlace {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly controlUrl: string;
  /** where the device is remembered */
  readonly file: string;
  readonly signal: AbortSignal;
  readonly tell: (what: string) => void;
}

/** `late`: it is there, but not connected yet. */
export type Paired = SandboxDevice & { readonly late: boolean };

const PHONE = "5511900000001";
const PATIENCE_MS = 30_000;
const BETWEEN_MS = 100;
const ASK_AGAIN_MS = 3_000;

/**
 * First start: create, connect, show the QR to the simulated phone, wait. Later starts: wait until the worker has logged it in.
 * A device that Redis doesn't know any more is made again.
 */
export async function pairSandbox(place: SandboxPlace): Promise<Paired> {
  const device = (await rememberedDevice(place)) ?? (await createDevice(place));
  const pairing: Pairing = { scanned: "", askedAt: -Infinity };
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const state = await stateOf(place, device.device_id);
    place.tell(`the sandbox device is ${state ?? "gone"}`);
    if (state === "connected") return { ...device, late: false };
    if (state !== "connecting") await help(place, device.device_id, pairing);
    await pause(BETWEEN_MS, undefined, { signal: place.signal });
  }
  return { ...device, late: true };
}

async function rememberedDevice(place: SandboxPlace): Promise<SandboxDevice | undefined> {
  const text = await readIfThere(place.file);
  if (text === undefined) return undefined;
  const device = JSON.parse(text) as SandboxDevice;
  return (await stateOf(place, device.device_id)) === undefined ? undefined : device;
}

async function createDevice(place: SandboxPlace): Promise<SandboxDevice> {
  const answer = await call(place, "POST", "/v1/devices", { name: "sandbox" });
  const id = answer.body["device_id"];
  if (answer.status !== 201 || typeof id !== "string")
    throw new Error(`The API did not create a device: it answered ${answer.status}.`);
  const device = { device_id: id, phone: PHONE };
  await writeAtomic(place.file, `${JSON.stringify(device)}\n`);
  return device;
}

/** Undefined when there is no such device. */
async function stateOf(place: SandboxPlace, id: string): Promise<string | undefined> {
  const answer = await call(place, "GET", `/v1/devices/${id}`);
  if (answer.status === 404) return undefined;
  const state = answer.body["state"];
  return typeof state === "string" ? state : "unknown";
}

interface Pairing {
  /** the QR that was held before the phone last */
  scanned: string;
  /** when the device was last asked to connect */
  askedAt: number;
}

/** Holds the current QR before the phone, each only once; where there is none, asks the device to connect. */
async function help(place: SandboxPlace, id: string, pairing: Pairing): Promise<void> {
  const { qr } = (await call(place, "GET", `/v1/devices/${id}/qr`)).body;
  if (typeof qr === "string" && qr !== "") {
    if (qr !== pairing.scanned && (await scan(place, qr))) pairing.scanned = qr;
    return;
  }
  if (performance.now() - pairing.askedAt < ASK_AGAIN_MS) return;
  await call(place, "POST", `/v1/devices/${id}/connect`);
  pairing.askedAt = performance.now();
}

async function scan(place: SandboxPlace, qr: string): Promise<boolean> {
  const url = `${place.controlUrl}/admin/mock-phone/scan-qr?phone=${PHONE}`;
  const headers = { "content-type": "text/plain" };
  const shown = await fetch(url, { method: "POST", body: qr, headers, signal: place.signal });
  await shown.body?.cancel();
  return shown.ok;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(
  place: SandboxPlace,
  method: "GET" | "POST",
  ...[path, body]: [path: string, body?: object]
): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${place.apiKey}`,
    accept: "application/json",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  const request = { method, headers, signal: place.signal, ...content };
  const response = await fetch(`${place.apiUrl}${path}`, request);
  const answer: unknown = await response.json().catch(() => ({}));
  return { status: response.status, body: answer as Answer["body"] };
}
