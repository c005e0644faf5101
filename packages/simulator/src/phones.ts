import type { Journal } from "./journal.ts";

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
  /** Milliseconds from arrival; absent: the simulator's. */
  readonly delays: { readonly delivered?: number; readonly read?: number };
}

export type MessageType =
  | "text"
  | "edit"
  | "reaction"
  | "revoke"
  | "image"
  | "video"
  | "audio"
  | "document"
  | "sticker"
  | "other";

export interface PhoneMessage {
  readonly id: string;
  /** Digits of the sender. */
  readonly from: string;
  /** Digits of the chat it was sent to; this phone's own number unless it is a copy of what a companion sent. */
  readonly to: string;
  readonly type: MessageType;
  readonly text: string;
  /** The message that an edit, reaction or revoke is about. */
  readonly target?: string;
  /** How often a message with this sender and id arrived. */
  readonly copies: number;
  /** ISO time of the first arrival. */
  readonly received_at: string;
}

type Arrival = Omit<PhoneMessage, "copies" | "received_at">;

export interface Phones {
  settings(number: string): PhoneSettings;
  change(number: string, changes: Partial<PhoneSettings>): PhoneSettings;
  /** Shows a message, or counts one that was there before. */
  receive(number: string, arrival: Arrival): { repeated: boolean };
  /** What the phone shows in its chats, oldest first; not the copies of what its companions sent to others. */
  received(number: string): PhoneMessage[];
  /** The copies of what its companions sent to others. */
  sent(number: string): PhoneMessage[];
}

const defaults: PhoneSettings = {
  on_whatsapp: true,
  delivery_receipts: true,
  read_receipts: true,
  dedupe: true,
  sender_receipts: false,
  restricted_until: 0,
  passkey: false,
  delays: {},
};

interface Row {
  readonly key: string;
  message: PhoneMessage;
}

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
  for (const [key, message] of journal.entries<PhoneMessage>("inbox/").toSorted(byRow)) {
    const [number = "", row = ""] = key.split("/");
    show(inboxOf(inboxes, number), Number(row), { key: `inbox/${key}`, message });
  }
  const settingsOf = (number: string): PhoneSettings => settings.get(number) ?? defaults;
  const messagesOf = (number: string): PhoneMessage[] =>
    [...(inboxes.get(number)?.rows.values() ?? [])].map(({ message }) => message);

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
        journal.write([[first.key, first.message]]);
        return { repeated: true };
      }
      const row = inbox.lastRow + 1;
      const message = { ...arrival, copies: 1, received_at: new Date().toISOString() };
      const key = `inbox/${number}/${row}`;
      show(inbox, row, { key, message });
      journal.write([[key, message]]);
      forgetOldest(inbox);
      return { repeated: false };
    },
    received: (number) => messagesOf(number).filter(({ to }) => to === number),
    sent: (number) => messagesOf(number).filter(({ to }) => to !== number),
  };
}

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
