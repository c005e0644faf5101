import { createDeviceBody } from "./device.ts";
import type { Route } from "./route.ts";
import {
  wutsConnection,
  wutsCreated,
  wutsDeviceBody,
  wutsDeviceList,
  wutsDeviceQuery,
  wutsPairCode,
  wutsPairCodeBody,
  wutsQr,
  wutsQrStatus,
  wutsStatus,
} from "./wuts.ts";

const NO_DEVICE = ["DEVICE_NOT_FOUND"] as const;
const UNANSWERED = [...NO_DEVICE, "UPSTREAM_FAILED", "DEVICE_ERROR"] as const;
const UNPAIRED = ["CONFLICT", "DEVICE_NOT_READY", "PAIRING_UNSUPPORTED"] as const;

/** Devices and their pairing, as the wuts dialect has them. */
export const WUTS_DEVICE_ROUTES = {
  wutsCreateDevice: {
    method: "POST",
    path: "/devices",
    auth: "devices:manage",
    summary: "Create a device",
    body: createDeviceBody,
    creates: true,
    answers: { 201: { says: "Created; ask for its QR code to pair it.", schema: wutsCreated } },
    errors: ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_PROGRESS"],
  },
  wutsListDevices: {
    method: "GET",
    path: "/devices",
    auth: "devices:manage",
    summary: "List the devices that the key may see",
    answers: { 200: { says: "All of them.", schema: wutsDeviceList } },
    errors: [],
  },
  wutsQr: {
    method: "GET",
    path: "/qr",
    auth: "devices:manage",
    summary: "The QR code that links the device; starts the pairing",
    query: wutsDeviceQuery,
    answers: { 200: { says: "The present QR code.", schema: wutsQr } },
    errors: [...NO_DEVICE, ...UNPAIRED],
  },
  wutsQrStatus: {
    method: "GET",
    path: "/qr/status",
    auth: "devices:manage",
    summary: "Is there a QR code right now?",
    query: wutsDeviceQuery,
    answers: { 200: { says: "Whether there is, and since when.", schema: wutsQrStatus } },
    errors: NO_DEVICE,
  },
  wutsPairCode: {
    method: "POST",
    path: "/paircode",
    auth: "devices:manage",
    summary: "Link the device by a code that is entered on the phone",
    body: wutsPairCodeBody,
    answers: { 200: { says: "The code.", schema: wutsPairCode } },
    errors: [...UNANSWERED, ...UNPAIRED],
  },
  wutsStatus: {
    method: "GET",
    path: "/status",
    auth: "devices:manage",
    summary: "Is the device connected?",
    query: wutsDeviceQuery,
    answers: { 200: { says: "Its state, whatever it is.", schema: wutsStatus } },
    errors: NO_DEVICE,
  },
  wutsConnect: {
    method: "POST",
    path: "/connect",
    auth: "devices:manage",
    summary: "Connect the device by its stored credentials",
    body: wutsDeviceBody,
    bodyOptional: true,
    answers: {
      200: { says: "Connecting.", schema: wutsConnection },
      201: { says: "A pairing has started; fetch the QR code.", schema: wutsConnection },
    },
    errors: [...UNANSWERED, "CONFLICT", "CREDENTIALS_UNREADABLE"],
  },
  wutsDisconnect: {
    method: "POST",
    path: "/disconnect",
    auth: "devices:manage",
    summary: "Drop the connection; the device stays paired",
    body: wutsDeviceBody,
    bodyOptional: true,
    answers: { 200: { says: "Disconnected.", schema: wutsConnection } },
    errors: UNANSWERED,
  },
} as const satisfies Record<string, Route>;
