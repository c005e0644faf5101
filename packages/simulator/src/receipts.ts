import type { FaultAction } from "./faults.ts";
import { formatJid, parseJid, type Space } from "./jid.ts";
import { el, type BinaryNode } from "./node.ts";
import type { PhoneSettings } from "./phones.ts";
import { nowSeconds, type Delays, type Realm } from "./realm.ts";

/** What a phone tells the sender about a message. */
export interface ArrivalFacts {
  readonly phone: string;
  /** The space the sender addressed the phone in; the phone answers in it. */
  readonly space: Space;
  /** JID of the sending companion. */
  readonly sender: string;
  readonly id: string;
  /** The group it was written to. */
  readonly group?: string;
  readonly fault: FaultAction | undefined;
}

export interface PlannedReceipt {
  /** Absent: delivered. */
  readonly type?: "read" | "inactive" | "sender";
  readonly afterMs: number;
}

export interface ArrivalKind {
  /** The phone is the sender's own and the message went to somebody else. */
  readonly copied: boolean;
  readonly repeated: boolean;
}

/** What a phone still has to say; it is in the journal until all of it is said, so a killed simulator says it later. */
interface DueReceipts {
  readonly facts: Omit<ArrivalFacts, "fault">;
  readonly planned: readonly PlannedReceipt[];
}

export function confirmArrival(
  realm: Realm,
  { fault, ...facts }: ArrivalFacts,
  kind: ArrivalKind,
): void {
  const settings = realm.phones.settings(facts.phone);
  const planned = planReceipts(
    { settings, delays: { ...realm.delays, ...settings.delays }, fault },
    kind,
  );
  if (planned.length === 0) return;
  const due = {
    facts: { ...facts, space: fault?.kind === "from_lid" ? "lid" : facts.space },
    planned,
  } as const;
  const key = `due/${facts.phone}/${facts.sender}/${facts.id}`;
  realm.journal.write([[key, due]]);
  schedule(realm, key, due);
}

/** After a start: what was due when the last process ended. Some of it may have been said already. */
export function resumeReceipts(realm: Realm): void {
  for (const [key, due] of realm.journal.entries<DueReceipts>("due/"))
    schedule(realm, `due/${key}`, due);
}

function schedule(realm: Realm, key: string, { facts, planned }: DueReceipts): void {
  let left = planned.length;
  for (const { type, afterMs } of planned) {
    realm.timers.after(afterMs, () => {
      postReceipt(realm, facts, { type });
      left -= 1;
      if (left === 0) realm.journal.write([[key]]);
    });
  }
}

interface ReceiptRules {
  readonly settings: PhoneSettings;
  readonly delays: Delays;
  readonly fault: FaultAction | undefined;
}

/** Which receipts go out, and when after the arrival. */
export function planReceipts(
  rules: ReceiptRules,
  { copied, repeated }: ArrivalKind,
): PlannedReceipt[] {
  const { settings, delays, fault } = rules;
  if (fault?.kind === "drop") return [];
  if (copied)
    return settings.sender_receipts ? [{ type: "sender", afterMs: delays.delivered }] : [];
  if (fault?.kind === "inactive") return [{ type: "inactive", afterMs: delays.delivered }];
  const [deliveredAt, readAt] = timesOf(rules);
  const planned: PlannedReceipt[] = [];
  if (settings.delivery_receipts) planned.push({ afterMs: deliveredAt });
  // A repeated message is confirmed again, for the server's sake, but nobody reads it twice.
  if (settings.read_receipts && !repeated) planned.push({ type: "read", afterMs: readAt });
  return fault?.kind === "duplicate" ? planned.flatMap((receipt) => [receipt, receipt]) : planned;
}

function timesOf({ delays, fault }: ReceiptRules): [delivered: number, read: number] {
  if (fault?.kind === "read_first") return [delays.read, delays.delivered];
  const extra = fault?.kind === "delay" ? fault.ms : 0;
  return [delays.delivered + extra, delays.read + extra];
}

export interface ReceiptForm {
  readonly type?: string | undefined;
  readonly content?: BinaryNode[];
}

/** Puts a phone's receipt into the sending companion's outbox. */
export function postReceipt(
  realm: Realm,
  facts: Omit<ArrivalFacts, "fault">,
  { type, content }: ReceiptForm,
): void {
  const sender = parseJid(facts.sender);
  if (sender === undefined || realm.directory.companion(sender.number, sender.device) === undefined)
    return;
  const phone = formatJid({ number: facts.phone, device: 0, space: facts.space });
  const from = facts.group ?? phone;
  const participant = facts.group === undefined ? undefined : phone;
  realm.outboxes.post(
    facts.sender,
    el("receipt", { from, participant, id: facts.id, type, t: nowSeconds() }, content),
  );
  realm.log.append("receipt", {
    device: facts.sender,
    id: facts.id,
    from,
    participant,
    type: type ?? "delivered",
  });
}
