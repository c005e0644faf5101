import { jidOf } from "./directory.ts";
import type { LogEntry, LogKind } from "./event-log.ts";
import { isGroupJid } from "./group-jid.ts";
import { parseJid } from "./jid.ts";
import type { PhoneMessage } from "./phone-message.ts";
import type { PhoneSettings } from "./phones.ts";
import type { Realm } from "./realm.ts";

/** What a person who holds the phones sees: the phones, the chats of one, the messages of a chat, and what happened. */
export interface PhoneView {
  readonly number: string;
  readonly settings: PhoneSettings;
  /** JIDs of the linked companions. */
  readonly devices: readonly string[];
  /** Messages that it still holds, received and sent. */
  readonly messages: number;
  readonly last: PhoneMessage | null;
}

export interface ChatView {
  /** Digits of the other one, or the JID of a group. */
  readonly chat: string;
  readonly messages: number;
  readonly last: PhoneMessage;
}

/** `row` counts the messages of a phone, from 1. */
export interface MessageView extends PhoneMessage {
  readonly row: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** To be given back for what follows; null: nothing does. */
  readonly next: string | null;
}

export interface PageWish {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export function viewPhone(realm: Realm, number: string): PhoneView {
  const { count, last } = realm.phones.extent(number);
  return {
    number,
    settings: realm.phones.settings(number),
    devices: realm.directory.companionsOf(number).map(jidOf),
    messages: count,
    last: last ?? null,
  };
}

/** The phones that somebody has spoken of, those with the latest message first. */
export function viewPhones(realm: Realm, { cursor, limit }: PageWish): Page<PhoneView> {
  const known = new Set(realm.phones.known());
  for (const { number } of realm.directory.companions()) known.add(number);
  const placed = [...known].map((number) => ({ number, place: placeOf(realm, number) }));
  const later = placed.filter(({ place }) => cursor === undefined || place < cursor);
  const page = later.toSorted((a, b) => (a.place < b.place ? 1 : -1)).slice(0, limit);
  const next = later.length > page.length ? (page.at(-1)?.place ?? null) : null;
  return { items: page.map(({ number }) => viewPhone(realm, number)), next };
}

/** Sorts by time, then by number. */
function placeOf(realm: Realm, number: string): string {
  const { last } = realm.phones.extent(number);
  return `${last?.received_at ?? "0"}~${number.padStart(15, "0")}`;
}

/** The chats of a phone, the latest first. */
export function viewChats(
  realm: Realm,
  number: string,
  { cursor, limit }: PageWish,
): Page<ChatView> {
  const chats = new Map<string, ChatView & { readonly place: string }>();
  for (const { row, message } of realm.phones.rows(number)) {
    const chat = chatOf(number, message);
    const messages = (chats.get(chat)?.messages ?? 0) + 1;
    chats.set(chat, { chat, messages, last: message, place: String(row).padStart(12, "0") });
  }
  const later = [...chats.values()].filter(({ place }) => cursor === undefined || place < cursor);
  const page = later.toSorted((a, b) => (a.place < b.place ? 1 : -1)).slice(0, limit);
  const next = later.length > page.length ? (page.at(-1)?.place ?? null) : null;
  const items = page.map(({ chat, messages, last }): ChatView => ({ chat, messages, last }));
  return { items, next };
}

/** Which chat of the phone a message belongs to. */
export function chatOf(number: string, { from, to }: Pick<PhoneMessage, "from" | "to">): string {
  return isGroupJid(to) || to !== number ? to : from;
}

/** The messages of a phone, or of one of its chats, the latest first. */
export function viewMessages(
  realm: Realm,
  number: string,
  { chat, cursor, limit }: PageWish & { readonly chat?: string | undefined },
): Page<MessageView> {
  const before = cursor === undefined ? Infinity : Number(cursor);
  const fitting = realm.phones
    .rows(number)
    .filter(
      ({ row, message }) =>
        row < before && (chat === undefined || chatOf(number, message) === chat),
    );
  const page = fitting.slice(-limit).toReversed();
  const next = fitting.length > page.length ? String(page.at(-1)?.row) : null;
  return { items: page.map(({ row, message }) => ({ ...message, row })), next };
}

export interface LogWish {
  /** Entries later than this; absent: the latest ones. */
  readonly after?: number | undefined;
  /** Those of one message. */
  readonly id?: string | undefined;
  readonly limit: number;
}

/** Of interest to those who write clients. */
const technical: ReadonlySet<LogKind> = new Set(["iq", "ack_in", "notification"]);

/** What happened, in the words of a person: numbers for JIDs, and nothing technical. */
export function viewLog(realm: Realm, { after, id, limit }: LogWish) {
  const { entries, dropped, last } = realm.log.after(after ?? 0);
  const fitting = entries.filter(
    (entry) => !technical.has(entry.kind) && (id === undefined || entry.id === id),
  );
  const page = after === undefined ? fitting.slice(-limit) : fitting.slice(0, limit);
  const whole = after === undefined || page.length === fitting.length;
  return {
    entries: page.map(asNumbers),
    dropped: after === undefined ? 0 : dropped,
    last: whole ? last : (page.at(-1)?.seq ?? last),
  };
}

function asNumbers(entry: LogEntry): LogEntry {
  const { device, to, from } = entry;
  return {
    ...entry,
    ...(device !== undefined && { device: nameOf(device) }),
    ...(to !== undefined && { to: nameOf(to) }),
    ...(from !== undefined && { from: nameOf(from) }),
  };
}

const nameOf = (jid: string): string => parseJid(jid)?.number ?? jid;
