import type { CheckedContactsBody, GroupBody, GroupListBody } from "@pombo/contract";
import { type DeviceId, isMessageId, recipientKey } from "@pombo/domain";
import type { DeviceRequest, KnownNumber, Ledger } from "@pombo/ledger";
import { type Answer, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { askDevice, type DeviceRequestDeps } from "../device-request.ts";
import { chatJid, instantOrNull } from "../render-message.ts";
import { noDevice, visibleDevice } from "./devices.ts";

export interface DirectoryDeps extends DeviceRequestDeps {
  readonly ledger: DeviceRequestDeps["ledger"] &
    Pick<
      Ledger,
      "findGroups" | "findMessage" | "findReceived" | "keepGroups" | "knownNumbers" | "takeLookups"
    >;
}

/** A group as the owner of the device tells it. */
interface ToldGroup {
  readonly jid: string;
  readonly subject: string;
  readonly description?: string;
  readonly owner?: string;
  readonly createdAt?: number;
  readonly size: number;
  readonly announce: boolean;
  readonly members: readonly {
    readonly jid: string;
    readonly phone?: string;
    readonly role: "member" | "admin" | "owner";
  }[];
}

/** `GET /v1/devices/:id/groups` */
export function listGroups(deps: DirectoryDeps): Handler<"listGroups"> {
  return async ({ caller, params, client }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    const kept = await deps.ledger.findGroups(device.id);
    if (kept !== undefined) return groupsAnswer(JSON.parse(kept) as readonly ToldGroup[]);
    const asked = await askDevice(device.id, { kind: "groups", signal: client.stop }, deps);
    if (asked.kind === "refused") return refuse(asked.problem);
    const groups = asked.data["groups"] as readonly ToldGroup[];
    await deps.ledger.keepGroups(device.id, JSON.stringify(groups));
    return groupsAnswer(groups);
  };
}

/** `GET /v1/groups/:jid?device_id=` */
export function getGroup(deps: DirectoryDeps): Handler<"getGroup"> {
  return async ({ caller, params: { jid }, query, client }) => {
    const device = await visibleDevice(query.device_id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    const asked = await askDevice(device.id, { kind: "group", jid, signal: client.stop }, deps);
    if (asked.kind === "refused") return refuse(asked.problem);
    const group = asked.data["group"] as ToldGroup;
    const participants = group.members.map(({ jid: member, phone, role }) => ({
      jid: member,
      phone_number: phone ?? null,
      role,
    }));
    const body: GroupBody = { success: true, ...renderGroup(group), participants };
    return json(200, body);
  };
}

function groupsAnswer(groups: readonly ToldGroup[]): Answer {
  const body: GroupListBody = { success: true, groups: groups.map(renderGroup) };
  return json(200, body);
}

function renderGroup({ jid, subject, size, announce, ...group }: ToldGroup) {
  return {
    jid,
    subject,
    description: group.description ?? null,
    owner: group.owner ?? null,
    created_at: instantOrNull(group.createdAt),
    size,
    announce,
  };
}

/** `POST /v1/contacts/check` */
export function checkContacts(deps: DirectoryDeps): Handler<"checkContacts"> {
  return async ({ caller, body, client }) => {
    const device = await visibleDevice(body.device_id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    const numbers = await lookUpNumbers(
      { deviceId: device.id, digits: body.numbers, stop: client.stop },
      deps,
    );
    const contacts = numbers.map(({ digits, known }) => ({
      number: digits,
      jid: chatJid(digits),
      on_whatsapp: known === undefined ? "unknown" : known.onWhatsApp ? "yes" : "no",
      age_s: known === undefined ? null : Math.floor(known.ageMs / 1_000),
    })) satisfies CheckedContactsBody["contacts"];
    return json(200, { success: true, contacts });
  };
}

/**
 * What is known of numbers. Those of which nothing is known are looked up, as far as the device's budget of the day goes; what can't be
 * found out stays unknown.
 */
export async function lookUpNumbers(
  wish: {
    readonly deviceId: DeviceId;
    readonly digits: readonly string[];
    readonly stop: AbortSignal;
  },
  deps: DirectoryDeps,
): Promise<readonly KnownNumber[]> {
  const { deviceId, digits, stop } = wish;
  const found = await deps.ledger.knownNumbers(digits);
  const open = [...new Set(found.flatMap((n) => (n.known === undefined ? [n.digits] : [])))];
  if (open.length === 0) return found;
  const granted = await deps.ledger.takeLookups(deviceId, open.length, deps.now());
  if (granted === 0) return found;
  const numbers = open.slice(0, granted);
  await askDevice(deviceId, { kind: "check-contacts", numbers, signal: stop }, deps);
  return deps.ledger.knownNumbers(digits);
}

/** `POST /v1/devices/:id/history-sync` */
export function syncHistory(deps: DirectoryDeps): Handler<"syncHistory"> {
  return async ({ caller, params, body, client }) => {
    const device = await visibleDevice(params.id, caller, deps.ledger);
    if (device === undefined) return refuse(noDevice);
    const before =
      body.before === undefined ? undefined : await anchor(device.id, body.before, deps);
    if (body.before !== undefined && before === undefined)
      return refuse({ code: "MESSAGE_NOT_FOUND", detail: "before names no known message" });
    const ask = {
      kind: "history-sync",
      jid: chatJid(recipientKey(body.chat)),
      ...(body.count === undefined ? {} : { count: body.count }),
      ...(before === undefined ? {} : { before }),
      signal: client.stop,
    } as const;
    const asked = await askDevice(device.id, ask, deps);
    if (asked.kind === "refused") return refuse(asked.problem);
    return json(200, { success: true, messages: asked.data["messages"] ?? null });
  };
}

async function anchor(
  deviceId: DeviceId,
  id: string,
  { ledger }: DirectoryDeps,
): Promise<DeviceRequest["before"]> {
  const own = isMessageId(id) ? await ledger.findMessage(id) : undefined;
  if (own?.deviceId === deviceId) return { id, fromMe: true, at: own.createdAt };
  const received = await ledger.findReceived(deviceId, id);
  return received === undefined ? undefined : { id, fromMe: false, at: received.at };
}
