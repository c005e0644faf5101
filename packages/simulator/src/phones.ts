import { isGroupJid } from "./group-jid.ts";
import { changedBy } from "./inbox-change.ts";
import type { Journal } from "./journal.ts";
import type { Arrival, PhoneMessage } from "./phone-message.ts";

/**
 * The phones of all numbers, as their owners see them: settings, and the messages they show. A phone exists as soon as
 * somebody speaks of its number. Like an official client it ignores a message whose sender and id it has seen.
 */
export interface PhoneSettings {
  readonly on_whatsapp: boolean;
  readonly delivery_receipts: boolean;
  readonly read_receipts: boolean;
  /** Ignore (and count) a repeated id of the same sender. */
  readonly dedupe: boolean;
  /** Tell the sending companion that this phone, its own, has the copy: receipt type `sender`. */
  readonly sender_receipts: boolean;
  /** Unix seconds until which this account may only write to those whose privacy token it holds; 0: no restriction. */
  readonly restricted_until: number;
  /** Linking a device to this account takes a passkey, which no client known here can answer. */
  readonly passkey: boolean;
  /** What it writes to one person names it by its LID, with the number beside it. */
  readonly lid_addressed: boolean;
  /** Milliseconds from arrival; absent: the simulator's. */
  readonly delays: { readonly delivered?: number; readonly read?: number };
}

export interface Phones {
  settings(number: string): PhoneSettings;
  change(number: string, changes: Partial<PhoneSettings>): PhoneSettings;
  /** Shows a message, or counts one that was there before. */
  receive(number: string, arrival: Arrival): { repeated: boolean };
  /** What the phone shows in its chats, oldest first; not the copies of what its companions sent to others. */
  received(number: string): PhoneMessage[];
  /** The copies of what its companions sent to others, and what it wrote itself. */
  sent(number: string): PhoneMessage[];
  /** One message, by its id; the latest when there are several. */
  find(number: string, id: string): KeptMessage | undefined;
  /** Numbers that somebody has spoken of. */
  known(): string[];
  /** How many messages a phone holds, and the latest. */
  extent(number: string): { readonly count: number; readonly last: PhoneMessage | undefined };
  /** All that a phone holds, in the order of arrival; rows count from 1. */
  rows(number: string): { readonly row: number; readonly message: PhoneMessage }[];
  /** A person read it by hand. */
  markRead(number: string, message: PhoneMessage): void;
  /** All of one chat (digits, or a group's JID) in the order of arrival. */
  chat(number: string, chat: string): KeptMessage[];
}

export interface KeptMessage {
  readonly message: PhoneMessage;
  /** Base64 of the message as it was encoded, where it cannot be made again from what is shown. */
  readonly raw?: string;
}

const defaults: PhoneSettings = {
  on_whatsapp: true,
  delivery_receipts: true,
  read_receipts: true,
  dedupe: true,
  sender_receipts: false,
  restricted_until: 0,
  passkey: false,
  lid_addressed: false,
  delays: {},
};

interface Row {
  readonly key: string;
  readonly raw?: string;
  message: PhoneMessage;
}

type StoredRow = PhoneMessage & { readonly raw?: string };

interface Inbox {
  readonly rows: Map<string, Row>;
  /** Sender and id → key of the first row. */
  readonly seen: Map<string, string>;
  lastRow: number;
}

export function openPhones({
  journal,
  inboxRows,
}: {
  journal: Journal;
  inboxRows: number;
}): Phones {
  const settings = new Map(
    journal
      .entries<Partial<PhoneSettings>>("phone/")
      .map(([number, kept]) => [number, { ...defaults, ...kept }] as const),
  );
  const inboxes = new Map<string, Inbox>();
  for (const [key, { raw, ...message }] of journal.entries<StoredRow>("inbox/").toSorted(byRow)) {
    const [number = "", row = ""] = key.split("/");
    const kept = { key: `inbox/${key}`, message, ...(raw !== undefined && { raw }) };
    show(inboxOf(inboxes, number), Number(row), kept);
  }
  const settingsOf = (number: string): PhoneSettings => settings.get(number) ?? defaults;
  const rowsOf = (number: string): Row[] => [...(inboxes.get(number)?.rows.values() ?? [])];
  const messagesOf = (number: string): PhoneMessage[] =>
    rowsOf(number).map(({ message }) => message);

  function save({ key, message, raw }: Row): void {
    journal.write([[key, raw === undefined ? message : { ...message, raw }]]);
  }

  /** Edits, revokes and reactions change the message they are about. */
  function apply(number: string, arrived: PhoneMessage): void {
    if (arrived.target === undefined) return;
    for (const row of rowsOf(number)) {
      const changed = changedBy(row.message, arrived);
      if (changed === undefined) continue;
      row.message = changed;
      save(row);
    }
  }

  function forgetOldest(inbox: Inbox): void {
    const oldest = inbox.rows.values().next();
    if (inbox.rows.size <= inboxRows || oldest.done === true) return;
    inbox.rows.delete(oldest.value.key);
    inbox.seen.delete(seenKey(oldest.value.message));
    journal.write([[oldest.value.key]]);
  }

  return {
    settings: settingsOf,
    change(number, changes) {
      const changed = { ...settingsOf(number), ...changes };
      settings.set(number, changed);
      journal.write([[`phone/${number}`, changed]]);
      return changed;
    },
    receive(number, arrival) {
      const inbox = inboxOf(inboxes, number);
      const first = inbox.rows.get(inbox.seen.get(seenKey(arrival)) ?? "");
      if (first !== undefined && settingsOf(number).dedupe) {
        first.message = { ...first.message, copies: first.message.copies + 1 };
        save(first);
        return { repeated: true };
      }
      const row = inbox.lastRow + 1;
      const { raw, ...shown } = arrival;
      const message = { ...shown, copies: 1, received_at: new Date().toISOString() };
      const kept = {
        key: `inbox/${number}/${row}`,
        message,
        ...(raw !== undefined && { raw }),
      };
      show(inbox, row, kept);
      save(kept);
      forgetOldest(inbox);
      apply(number, message);
      return { repeated: false };
    },
    received: (number) => messagesOf(number).filter((message) => isReceived(number, message)),
    sent: (number) => messagesOf(number).filter((message) => !isReceived(number, message)),
    find: (number, id) => rowsOf(number).findLast(({ message }) => message.id === id),
    known: () => [...new Set([...settings.keys(), ...inboxes.keys()])],
    extent(number) {
      const inbox = inboxes.get(number);
      const last = inbox?.rows.get(`inbox/${number}/${inbox.lastRow}`)?.message;
      return { count: inbox?.rows.size ?? 0, last };
    },
    rows: (number) => rowsOf(number).map(({ key, message }) => ({ row: rowIn(key), message })),
    markRead(number, { from, to, id }) {
      const inbox = inboxes.get(number);
      const row = inbox?.rows.get(inbox.seen.get(seenKey({ from, to, id })) ?? "");
      if (row === undefined) return;
      row.message = { ...row.message, read_at: new Date().toISOString() };
      save(row);
    },
    chat: (number, chat) =>
      rowsOf(number).filter(({ message: { from, to } }) =>
        isGroupJid(chat) ? to === chat : to === chat || (to === number && from === chat),
      ),
  };
}

const rowIn = (key: string): number => Number(key.slice(key.lastIndexOf("/") + 1));

const isReceived = (number: string, { from, to }: PhoneMessage): boolean =>
  to === number || (isGroupJid(to) && from !== number);

function show(inbox: Inbox, number: number, row: Row): void {
  inbox.rows.set(row.key, row);
  inbox.lastRow = Math.max(inbox.lastRow, number);
  const seen = seenKey(row.message);
  if (!inbox.seen.has(seen)) inbox.seen.set(seen, row.key);
}

/** Phones tell messages apart by chat, sender and id. */
const seenKey = ({ from, to, id }: { from: string; to: string; id: string }): string =>
  `${from}/${to}/${id}`;

function inboxOf(inboxes: Map<string, Inbox>, number: string): Inbox {
  const inbox = inboxes.get(number) ?? { rows: new Map(), seen: new Map(), lastRow: 0 };
  inboxes.set(number, inbox);
  return inbox;
}

function byRow([a]: [string, unknown], [b]: [string, unknown]): number {
  return Number(a.split("/")[1]) - Number(b.split("/")[1]);
}
