import { BadRequest } from "./bad-request.ts";
import type { Companion } from "./directory.ts";
import { waitForEntry, type LogEntry, type LogPage } from "./event-log.ts";
import { matches, type Fault, type FaultMatch } from "./faults.ts";
import { parseJid } from "./jid.ts";
import { numberOf } from "./number.ts";
import { disturbSocket } from "./login.ts";
import { enterCode } from "./pairing-code.ts";
import { scanQr } from "./pairing-qr.ts";
import type { Linked } from "./pairings.ts";
import { openGroupControl, type GroupControl } from "./group-control.ts";
import { isGroupJid } from "./group-jid.ts";
import { freshNumber, openPhoneControl, type PhoneControl } from "./phone-control.ts";
import type { Letter } from "./letter.ts";
import { openPhoneMedia, type OpenedMedia } from "./phone-media.ts";
import type { PhoneMessage } from "./phone-message.ts";
import type { PhoneSettings } from "./phones.ts";
import { sendFrom } from "./phone-writing.ts";
import { keyStockOf, spendPreKeys, type KeyStock } from "./prekeys.ts";
import type { Realm } from "./realm.ts";

/**
 * The hand that moves the simulated world: what the control API offers, as functions. Numbers may be written as people
 * write them. Everything here throws {@link BadRequest} for a wish that cannot be fulfilled.
 */
export interface Control extends GroupControl, PhoneControl {
  /** The phone of `phone` (default: a fresh number) scans a QR code; resolves when the client may log in. */
  scanQr(qr: string, phone?: string): Promise<Linked>;
  enterCode(phone: string, code: string): Promise<Linked>;
  /** What the phone shows, oldest first. */
  messagesOf(phone: string): PhoneMessage[];
  /** Copies of what the phone's own companions sent to others, and what was written on it. */
  sentBy(phone: string): PhoneMessage[];
  sendFrom(phone: string, letter: Letter): Promise<{ id: string }>;
  /** The phone fetches, checks and decrypts the media of a message it shows. */
  mediaOf(phone: string, id: string): Promise<OpenedMedia>;
  settingsOf(phone: string): PhoneSettings;
  setPhone(phone: string, changes: Partial<PhoneSettings>): PhoneSettings;
  /** What the key server holds of a companion, by its JID; `left`: first, one-time keys are handed out until so many are left. */
  keyStock(device: string, left?: number): KeyStock;
  /** Takes the JSON form, e.g. `{on: "message", match: {to}, action: {nack: 479}, times: 1}`. */
  addFault(order: unknown): Fault;
  faults(): Fault[];
  clearFaults(): void;
  /** Throws when it is not there any more. */
  removeFault(id: number): void;
  /** Entries later than `after` (default 0: all that are still held). */
  log(after?: number): LogPage;
  /** Called with every later entry; returns the unsubscriber. */
  onLog(listener: (entry: LogEntry) => void): () => void;
  /** The first entry, old or new, that fits. */
  waitFor(
    fits: (entry: LogEntry) => boolean,
    options?: { after?: number; signal?: AbortSignal },
  ): Promise<LogEntry>;
  stats(): Stats;
  trust(): { root_key: string; ca: string };
  /** Cuts the sockets of matching companions (default: all sockets); resolves when they are gone. */
  closeConnections(match?: FaultMatch): Promise<number>;
}

export interface Stats {
  readonly connections: number;
  readonly devices_online: number;
  readonly devices_paired: number;
  /** Message stanzas received from clients. */
  readonly messages: number;
  /** Of these, relayed to at least one device. */
  readonly relayed: number;
  /** Distinct ids among these. */
  readonly distinct_ids: number;
  /** Arrivals that phones ignored because they had seen the id. */
  readonly repeated: number;
  readonly unreadable: number;
  readonly iqs: number;
  readonly logins: number;
  readonly cpu_ms: number;
  readonly rss_bytes: number;
  readonly uptime_ms: number;
}

export function openControl(realm: Realm, ca: string): Control {
  return {
    scanQr: (qr, phone) =>
      scanQr(realm, qr, phone === undefined ? freshNumber(realm) : numberOf(phone)),
    enterCode: (phone, code) => enterCode(realm, numberOf(phone), code),
    messagesOf: (phone) => realm.phones.received(numberOf(phone)),
    sentBy: (phone) => realm.phones.sent(numberOf(phone)),
    sendFrom: (phone, letter) => {
      const to = isGroupJid(letter.to) ? letter.to : numberOf(letter.to);
      return sendFrom(realm, numberOf(phone), { ...letter, to });
    },
    async mediaOf(phone, id) {
      const found = realm.phones.find(numberOf(phone), id);
      if (found === undefined) throw new BadRequest("the phone has no message with this id", 404);
      return openPhoneMedia(realm, found.message);
    },
    ...openGroupControl(realm),
    ...openPhoneControl(realm),
    settingsOf: (phone) => realm.phones.settings(numberOf(phone)),
    setPhone: (phone, changes) => realm.phones.change(numberOf(phone), changes),
    keyStock(device, left) {
      const companion = companionOf(realm, device);
      if (left !== undefined) spendPreKeys(realm, companion, left);
      return keyStockOf(realm, companion);
    },
    addFault: (order) => addFault(realm, order),
    faults: () => realm.faults.list(),
    clearFaults: () => realm.faults.clear(),
    removeFault(id) {
      if (!realm.faults.remove(id)) throw new BadRequest("no fault with this id is waiting", 404);
    },
    log: (after = 0) => realm.log.after(after),
    onLog: (listener) => realm.log.onEntry(listener),
    waitFor: (fits, options) => waitForEntry(realm.log, fits, options),
    stats: () => statsOf(realm),
    trust: () => ({ root_key: Buffer.from(realm.trust.root.public).toString("base64"), ca }),
    closeConnections: (match) => closeConnections(realm, match),
  };
}

function companionOf(realm: Realm, jid: string): Companion {
  const address = parseJid(jid);
  const found = address && realm.directory.companion(address.number, address.device);
  if (found === undefined) throw new BadRequest("no such device is linked", 404);
  return found;
}

/** A fault on the socket hits those that are connected now; only when there is none does it wait for the next. */
function addFault(realm: Realm, order: unknown): Fault {
  const fault = realm.faults.add(order);
  if (fault.on !== "socket") return fault;
  const hit = realm.connections
    .online()
    .filter(({ role }) => role.kind === "device" && matches(fault.match, { device: role.jid }));
  if (hit.length === 0) return fault;
  const [first] = hit;
  realm.faults.take("socket", first?.role.kind === "device" ? { device: first.role.jid } : {});
  for (const connection of hit) disturbSocket(realm, connection, fault.action);
  return { ...fault, remaining: fault.remaining - 1 };
}

async function closeConnections(realm: Realm, match?: FaultMatch): Promise<number> {
  const hit = realm.connections
    .all()
    .filter(
      ({ role }) => match === undefined || ("jid" in role && matches(match, { device: role.jid })),
    );
  for (const connection of hit) connection.cut("cut by hand");
  await Promise.all(hit.map(({ closed }) => closed));
  return hit.length;
}

function statsOf(realm: Realm): Stats {
  const { user, system } = process.cpuUsage();
  return {
    connections: realm.connections.size(),
    devices_online: realm.connections.online().length,
    devices_paired: [...realm.directory.companions()].length,
    ...realm.counters,
    distinct_ids: realm.relayedIds.count(),
    cpu_ms: Math.round((user + system) / 1_000),
    rss_bytes: process.memoryUsage.rss(),
    uptime_ms: Math.round(process.uptime() * 1_000),
  };
}
