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

export function confirmArrival(realm: Realm, facts: ArrivalFacts, kind: ArrivalKind): void {
  const settings = realm.phones.settings(facts.phone);
  const planned = planReceipts(
    { settings, delays: { ...realm.delays, ...settings.delays }, fault: facts.fault },
    kind,
  );
  const space = facts.fault?.kind === "from_lid" ? "lid" : facts.space;
  for (const { type, afterMs } of planned) {
    realm.timers.after(afterMs, () => postReceipt(realm, { ...facts, space }, { type }));
  }
}

interface ReceiptRules {
  readonly settings: PhoneSettings;
  readonly delays: Delays;
  readonly fault: FaultAction | undefined;
}

/** Which receipts go out, and when after the arrival. */
export function planReceipts(
  { settings, delays, fault }: ReceiptRules,
  { copied, repeated }: ArrivalKind,
): PlannedReceipt[] {
  if (fault?.kind === "drop") return [];
  const extra = fault?.kind === "delay" ? fault.ms : 0;
  const [deliveredAt, readAt] =
    fault?.kind === "read_first"
      ? [delays.read, delays.delivered]
      : [delays.delivered, delays.read];
  const planned: PlannedReceipt[] = [];
  if (copied) {
    if (settings.sender_receipts) planned.push({ type: "sender", afterMs: deliveredAt + extra });
    return planned;
  }
  if (fault?.kind === "inactive") return [{ type: "inactive", afterMs: deliveredAt }];
  if (settings.delivery_receipts) planned.push({ afterMs: deliveredAt + extra });
  // A repeated message is confirmed again, for the server's sake, but nobody reads it twice.
  if (settings.read_receipts && !repeated) planned.push({ type: "read", afterMs: readAt + extra });
  return fault?.kind === "duplicate" ? planned.flatMap((receipt) => [receipt, receipt]) : planned;
}

export interface ReceiptForm {
  readonly type?: string | undefined;
  readonly content?: BinaryNode[];
}

/** Puts a phone's receipt into the sending companion's outbox. */
export function postReceipt(
  realm: Realm,
  facts: ArrivalFacts,
  { type, content }: ReceiptForm,
): void {
  const sender = parseJid(facts.sender);
  if (sender === undefined || realm.directory.companion(sender.number, sender.device) === undefined)
    return;
  const from = formatJid({ number: facts.phone, device: 0, space: facts.space });
  realm.outboxes.post(
    facts.sender,
    el("receipt", { from, id: facts.id, type, t: nowSeconds() }, content),
  );
  realm.log.append("receipt", {
    device: facts.sender,
    id: facts.id,
    from,
    type: type ?? "delivered",
  });
}
