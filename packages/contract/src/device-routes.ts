import {
  createDeviceBody,
  device,
  devicePage,
  deviceParams,
  devicesQuery,
  pairingCodeAnswer,
  pairingCodeBody,
  qrAnswer,
} from "./device.ts";
import type { Route } from "./route.ts";

const UNANSWERED = ["DEVICE_NOT_FOUND", "UPSTREAM_FAILED", "DEVICE_ERROR"] as const;
const UNPAIRED = ["CONFLICT", "DEVICE_NOT_READY", "PAIRING_UNSUPPORTED"] as const;

export const DEVICE_ROUTES = {
  createDevice: {
    method: "POST",
    path: "/v1/devices",
    auth: "devices:manage",
    summary: "Create a device",
    body: createDeviceBody,
    creates: true,
    answers: { 201: { says: "Created; connect it to start pairing.", schema: device } },
    errors: ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_KEY_IN_PROGRESS"],
  },
  listDevices: {
    method: "GET",
    path: "/v1/devices",
    auth: "devices:manage",
    summary: "List the devices that the key may see",
    query: devicesQuery,
    answers: { 200: { says: "A page of devices.", schema: devicePage } },
    errors: [],
  },
  getDevice: {
    method: "GET",
    path: "/v1/devices/:id",
    auth: "devices:manage",
    summary: "Read a device",
    params: deviceParams,
    answers: { 200: { says: "The device.", schema: device } },
    errors: ["DEVICE_NOT_FOUND"],
  },
  connectDevice: {
    method: "POST",
    path: "/v1/devices/:id/connect",
    auth: "devices:manage",
    summary: "Connect a device; one that was never paired starts pairing",
    params: deviceParams,
    answers: {
      200: { says: "Connecting.", schema: device },
      201: { says: "A pairing has started; fetch the QR code.", schema: device },
    },
    errors: [...UNANSWERED, "CONFLICT", "CREDENTIALS_UNREADABLE"],
  },
  disconnectDevice: {
    method: "POST",
    path: "/v1/devices/:id/disconnect",
    auth: "devices:manage",
    summary: "Disconnect a device; it stays paired and its messages wait",
    params: deviceParams,
    answers: { 200: { says: "Disconnected.", schema: device } },
    errors: UNANSWERED,
  },
  logoutDevice: {
    method: "POST",
    path: "/v1/devices/:id/logout",
    auth: "devices:manage",
    summary: "Unlink a device from its WhatsApp account",
    params: deviceParams,
    answers: { 200: { says: "Logged out.", schema: device } },
    errors: [...UNANSWERED, "DEVICE_NOT_READY"],
  },
  getQr: {
    method: "GET",
    path: "/v1/devices/:id/qr",
    auth: "devices:manage",
    summary: "The QR code that links the device, as JSON, PNG or text by Accept",
    params: deviceParams,
    answers: {
      200: {
        says: "The present QR code.",
        schema: qrAnswer,
        alternatives: ["image/png", "text/plain"],
      },
    },
    errors: ["DEVICE_NOT_FOUND", ...UNPAIRED],
  },
  pairByCode: {
    method: "POST",
    path: "/v1/devices/:id/pairing-code",
    auth: "devices:manage",
    summary: "Link the device by a code that is entered on the phone",
    params: deviceParams,
    body: pairingCodeBody,
    answers: { 200: { says: "The code.", schema: pairingCodeAnswer } },
    errors: [...UNANSWERED, ...UNPAIRED],
  },
} as const satisfies Record<string, Route>;
