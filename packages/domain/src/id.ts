declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `3EB0` + 18 upper-case hex: also the WhatsApp message id, for life. */
export type MessageId = Branded<"MessageId">;
/** `dev_` + 16 lower-case base32-ish characters. */
export type DeviceId = Branded<"DeviceId">;
/** `med_` + 16 to 40 lower-case letters and digits: bytes that a message may carry. */
export type MediaId = Branded<"MediaId">;
/** `wh_` + 16 lower-case hex, or what follows `dev_` in the id of its device: an endpoint for webhooks. */
export type EndpointId = Branded<"EndpointId">;
/** `bat_` + 11 upper-case hex, which its messages' ids have too (batch.ts). */
export type BatchId = Branded<"BatchId">;
/** `pool_` + 16 lower-case hex: devices that send together. */
export type PoolId = Branded<"PoolId">;
/** A namespace of the installation, for example `c0`. */
export type CellId = Branded<"CellId">;

const MESSAGE_ID = /^3EB0[0-9A-F]{18}$/;
const DEVICE_ID = /^dev_[0-9a-z]{8,32}$/;
const MEDIA_ID = /^med_[0-9a-z]{16,40}$/;
const ENDPOINT_ID = /^wh_[0-9a-z]{8,32}$/;
const BATCH_ID = /^bat_[0-9A-F]{11}$/;
const POOL_ID = /^pool_[0-9a-z]{8,32}$/;
const CELL_ID = /^c[0-9]{1,4}$/;

/** @param bytes nine random bytes */
export function mintMessageId(bytes: Uint8Array): MessageId {
  return `3EB0${hex(bytes).toUpperCase().slice(0, 18)}` as MessageId;
}

/** @param bytes eight random bytes */
export function mintDeviceId(bytes: Uint8Array): DeviceId {
  return `dev_${hex(bytes)}` as DeviceId;
}

/** @param bytes sixteen random bytes */
export function mintMediaId(bytes: Uint8Array): MediaId {
  return `med_${hex(bytes)}` as MediaId;
}

export function isMediaId(text: string): text is MediaId {
  return MEDIA_ID.test(text);
}

/** @param bytes eight random bytes */
export function mintEndpointId(bytes: Uint8Array): EndpointId {
  return `wh_${hex(bytes).slice(0, 16)}` as EndpointId;
}

/** The endpoint that is a device's own; the wuts dialect has one beside it. Both go with the device (delete-device.lua). */
export function deviceEndpointId(deviceId: DeviceId, dialect: "" | "wuts" = ""): EndpointId {
  return `wh_${dialect}${deviceId.slice("dev_".length)}` as EndpointId;
}

/** @param bytes eight random bytes */
export function mintPoolId(bytes: Uint8Array): PoolId {
  return `pool_${hex(bytes)}` as PoolId;
}

export function isMessageId(text: string): text is MessageId {
  return MESSAGE_ID.test(text);
}

export function isDeviceId(text: string): text is DeviceId {
  return DEVICE_ID.test(text);
}

export function isEndpointId(text: string): text is EndpointId {
  return ENDPOINT_ID.test(text);
}

/** @param bytes six random bytes */
export function mintBatchId(bytes: Uint8Array): BatchId {
  return `bat_${hex(bytes).toUpperCase().slice(0, 11)}` as BatchId;
}

export function isBatchId(text: string): text is BatchId {
  return BATCH_ID.test(text);
}

export function isPoolId(text: string): text is PoolId {
  return POOL_ID.test(text);
}

export function isCellId(text: string): text is CellId {
  return CELL_ID.test(text);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}
