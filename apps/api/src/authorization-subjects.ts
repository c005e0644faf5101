import { randomBytes } from "node:crypto";
import type { Route } from "@pombo/contract";
import { type DeviceId, mintMediaId } from "@pombo/domain";
import { expect } from "vitest";
import type { TestApi } from "./open-test-api.ts";

/** What stands behind `:id`, by the beginning of the path; a new kind of address has its row here. */
const SUBJECTS: Readonly<Record<string, (api: TestApi, device: DeviceId) => Promise<string>>> = {
  "/v1/devices": (_api, device) => Promise.resolve(device),
  "/api/v1/messages": (api, device) =>
    created(api, "/v1/messages", { from: device, to: "5511999999999", text: "hello" }),
  "/v1/messages": (api, device) =>
    created(api, "/v1/messages", { from: device, to: "5511999999999", text: "hello" }),
  "/v1/dead-letters": async (api, device) => (await api.addLetter({ deviceId: device })).id,
  "/v1/operations": (api) => created(api, "/v1/dead-letters/discard", { all: true }),
  "/v1/batches": (api, device) => created(api, "/v1/batches", batchOf(device)),
  "/v1/media": async (api, device) => {
    const id = mintMediaId(randomBytes(16));
    const facts = { id, object: `${id}-1`, bytes: 1, sha256: "ab", mimeType: "text/plain" };
    const owner = { keyId: "key_0", devices: [device], createdAt: Date.now() };
    await api.ledger.keepMedia({ ...facts, ...owner }, Date.now());
    return id;
  },
  "/v1/webhooks": (api, device) =>
    created(api, "/v1/webhooks", { url: "https://example.com/", devices: [device] }),
  "/v1/suppressions": async (api, device) => {
    const from = `55117${device.slice(-8)}`;
    const stop = { id: `OUT${from}`, chat: from, from, at: Date.now(), kind: "text" } as const;
    await api.ledger.receive(device, stop, Date.now(), { optsOut: true });
    return from;
  },
  "/v1/pools": (api, device) => created(api, "/v1/pools", { name: "subject", devices: [device] }),
  "/v1/contacts": (_api, device) => Promise.resolve(`55118${device.slice(-8)}`),
  "/v1/api-keys": (api) =>
    created(api, "/v1/api-keys", { name: "subject", scopes: ["keys:manage"], devices: "*" }),
};

/** Where a route is about something else than its neighbours. */
const OWN_SUBJECTS: Readonly<typeof SUBJECTS> = {
  getMessageMedia: async (api, device) => {
    const from = "5511999999999";
    const message = { id: "ABC", chat: from, from, at: Date.now(), source: "AAAA" };
    await api.ledger.receive(device, { ...message, kind: "image" }, Date.now());
    return message.id;
  },
};

/** What stands at other places of a path, by their names. */
const PARTS: Readonly<Record<string, (api: TestApi) => Promise<string>>> = {
  ":phone": () => Promise.resolve("5511900000002"),
  ":fault_id": (api) => created(api, "/v1/sandbox/faults", { fault: "lost" }),
};

/** A body that its route takes, by the name of the route; what is absent takes `{}`. */
const BODIES: Readonly<Record<string, (device: string, api: TestApi) => object | Promise<object>>> =
  {
    sendMessage: (device) => ({ from: device, to: "5511999999999", text: "hello" }),
    createBatch: batchOf,
    previewBatch: batchOf,
    pollMessages: () => ({ ids: ["3EB0000000000000000000"] }),
    checkContacts: (device) => ({ device_id: device, numbers: ["5511999999999"] }),
    syncHistory: () => ({ chat: "5511999999999" }),
    editMessage: () => ({ text: "better" }),
    createDevice: () => ({ name: "another" }),
    pairByCode: () => ({ phone: "5511999999999" }),
    redriveLetters: () => ({ filter: { code: "SEND_FAILED" } }),
    discardLetters: () => ({ filter: { code: "SEND_FAILED" } }),
    wutsSendText: (device) => ({ number: "5511999999999", text: "hello", device_id: device }),
    wutsSendImage: (device) => ({ number: "5511999999999", image: "AAAA", device_id: device }),
    wutsSendVideo: (device) => ({ number: "5511999999999", video: "AAAA", device_id: device }),
    wutsSendAudio: (device) => ({ number: "5511999999999", audio: "AAAA", device_id: device }),
    wutsSendDocument: (device) => ({
      number: "5511999999999",
      document: "AAAA",
      device_id: device,
    }),
    wutsSendSticker: (device) => ({ number: "5511999999999", sticker: "AAAA", device_id: device }),
    wutsSendLocation: (device) => ({
      to: "5511999999999",
      latitude: 1,
      longitude: 2,
      device_id: device,
    }),
    wutsSendContact: (device) => ({
      to: "5511999999999",
      contact: { display_name: "Ana", phone: "5511999999998" },
      device_id: device,
    }),
    wutsSendPoll: (device) => ({
      to: "5511999999999",
      question: "When?",
      options: [{ option_name: "now" }, { option_name: "later" }],
      device_id: device,
    }),
    wutsDeleteMessage: async (device, api) => {
      const message = { from: device, to: "5511999999999", text: "hello" };
      const messageId = await created(api, "/v1/messages", message);
      return { messageId, chatJid: "5511999999999@s.whatsapp.net", device_id: device };
    },
    wutsCreateDevice: () => ({ name: "another" }),
    wutsPairCode: (device) => ({ phone: "5511999999999", device_id: device }),
    wutsCheckContacts: (device) => ({ numbers: ["5511999999999"], device_id: device }),
    wutsPutWebhook: (device) => ({
      webhook_url: "https://example.com/hook",
      enabled_events: ["message.sent"],
      device_id: device,
    }),
    wutsConnect: (device) => ({ device_id: device }),
    wutsDisconnect: (device) => ({ device_id: device }),
    sessionSendText: () => ({ to: "5511999999999", message: "hello" }),
    createPool: (device) => ({ name: "another", devices: [device] }),
    createWebhook: (device) => ({ url: "https://example.com/", devices: [device] }),
    redeliverWebhook: () => ({ from_cursor: "1-0", to_cursor: "2-0" }),
    addSuppressions: () => ({ to: "5511988887777" }),
    writeFromPhone: () => ({ to: "5511900000001", text: "hello" }),
    readOnPhone: () => ({ chat: "5511900000001" }),
    scanQr: () => ({ qr: "2@nothing" }),
    enterCode: () => ({ code: "ABCD1234" }),
    addSandboxFault: () => ({ fault: "new_chats_refused" }),
    createApiKey: (device) => ({ name: "made", scopes: ["messages:read"], devices: [device] }),
  };

function batchOf(device: string) {
  return { from: device, rows: [{ to: "5511999999999", text: "hello" }] };
}

async function created(api: TestApi, path: string, body: object): Promise<string> {
  const made = await api.call("POST", path, { body });
  const id =
    made.body["message_id"] ??
    made.body["operation_id"] ??
    made.body["batch_id"] ??
    made.body["webhook_id"] ??
    made.body["pool_id"] ??
    made.body["fault_id"] ??
    made.body["id"];
  expect(id, `${path} answered ${made.text}`).toBeDefined();
  return String(id);
}

/** One request that would be granted: everything about it is right. */
export interface Granted {
  readonly name: string;
  readonly row: Route;
  /** The device that it is about. */
  readonly device: string;
  readonly path: string;
  readonly body?: object;
}

/** Where the thing stands that a route is about. */
const PLACE = /\/:(?:id|number)(?![a-z_])/;

/** The route is about one thing, which has an owner. */
export function hasSubject(row: Route): boolean {
  return PLACE.test(row.path);
}

/** Makes something of its own for a route, on a device of its own. */
export async function grantedRequest(api: TestApi, name: string, row: Route): Promise<Granted> {
  const device = await api.addDevice();
  const start = Object.keys(SUBJECTS).find((prefix) => row.path.startsWith(`${prefix}/:`));
  const make = OWN_SUBJECTS[name] ?? (start === undefined ? undefined : SUBJECTS[start]);
  if (hasSubject(row) && make === undefined)
    throw new Error(`SUBJECTS must say what stands behind ${row.path}`);
  const part = Object.keys(PARTS).find((place) => row.path.includes(place));
  const named = row.query !== undefined && "device_id" in row.query.shape;
  const path =
    row.path
      .replace(PLACE, `/${(await make?.(api, device)) ?? ""}`)
      .replace(part ?? "", (part && (await PARTS[part]?.(api))) ?? "") +
    (named ? `?device_id=${device}` : "");
  if ((row.body ?? row.takesRows) === undefined) return { name, row, device, path };
  return { name, row, device, path, body: (await BODIES[name]?.(device, api)) ?? {} };
}
