import { parseFault } from "./fault-parser.ts";

/**
 * Troubles on order. A fault waits for an event it matches, happens, and is used up after `times` events.
 * What an action means for each kind of event is decided where the event is handled.
 */
export type FaultOn =
  | "message"
  | "iq"
  | "handshake"
  | "login"
  | "socket"
  | "receipt"
  | FaultOnMedia;

/** An upload, a download, and a phone that is asked for its history. */
type FaultOnMedia = "media" | "download" | "history";

export type FaultAction =
  | { [Name in FaultName]: { readonly kind: Name } }[FaultName]
  | { readonly kind: "nack"; readonly code: number }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "stream_error"; readonly code: number }
  | {
      readonly kind: "failure";
      readonly reason: number;
      readonly code?: number;
      readonly expire?: number;
    }
  | { readonly kind: "http_status"; readonly status: number }
  | { readonly kind: "iq_error"; readonly code: number; readonly text: string }
  /** The ack says that the sender's list of the recipient's devices, or its LID, is out of date. */
  | { readonly kind: "ack_hint"; readonly hint: AckHint };

export type AckHint = "phash" | "refresh_lid";

export type FaultName =
  | "no_ack"
  | "blackhole"
  | "close_before_relay"
  | "close_after_relay"
  | "drop"
  | "close"
  | "replaced"
  | "unlink"
  | "duplicate"
  | "inactive"
  | "read_first"
  | "retry"
  | "from_lid"
  | "stall"
  /** An answer that says nothing useful. */
  | "garbage"
  | "refuse";

/** What a message is, as far as its stanza tells. */
export type StanzaKind =
  | "text"
  | "media"
  | "reaction"
  | "poll"
  | "event"
  | "edit"
  | "revoke"
  | "peer";

export interface FaultMatch {
  /** Digits of the recipient, or the JID of a group. */
  readonly to?: string;
  /** Digits of the companion's number, or its JID. */
  readonly device?: string;
  readonly xmlns?: string;
  readonly kind?: StanzaKind;
}

export interface FaultOrder {
  readonly on: FaultOn;
  readonly match: FaultMatch;
  readonly action: FaultAction;
  /** The action in the form it was ordered in. */
  readonly ordered: unknown;
  /** Infinity: until it is removed. */
  readonly times: number;
}

export interface Fault extends FaultOrder {
  readonly id: number;
  readonly remaining: number;
}

/** What is known of an event; `device` is the companion's JID. */
export interface FaultFacts {
  readonly to?: string | undefined;
  readonly device?: string | undefined;
  readonly xmlns?: string | undefined;
  readonly kind?: string | undefined;
}

export interface Faults {
  /** Takes the JSON form of an order. Throws {@link BadRequest} when it is not one. */
  add(input: unknown): Fault;
  list(): Fault[];
  clear(): void;
  /** False: it is used up, or never was. */
  remove(id: number): boolean;
  /** Uses one time of the oldest fault that matches. */
  take(on: FaultOn, facts: FaultFacts): FaultAction | undefined;
}

export function openFaults({
  most,
  onTaken,
}: {
  most: number;
  onTaken: (fault: Fault, facts: FaultFacts) => void;
}): Faults {
  const waiting: { id: number; order: FaultOrder; remaining: number }[] = [];
  let lastId = 0;
  return {
    add(input) {
      const order = parseFault(input, { full: waiting.length >= most });
      lastId += 1;
      waiting.push({ id: lastId, order, remaining: order.times });
      return { id: lastId, ...order, remaining: order.times };
    },
    list: () => waiting.map(({ id, order, remaining }) => ({ id, ...order, remaining })),
    clear: () => {
      waiting.length = 0;
    },
    remove(id) {
      const at = waiting.findIndex((fault) => fault.id === id);
      if (at !== -1) waiting.splice(at, 1);
      return at !== -1;
    },
    take(on, facts) {
      const at = waiting.findIndex(({ order }) => order.on === on && matches(order.match, facts));
      const found = waiting[at];
      if (found === undefined) return undefined;
      found.remaining -= 1;
      if (found.remaining <= 0) waiting.splice(at, 1);
      onTaken({ id: found.id, ...found.order, remaining: found.remaining }, facts);
      return found.order.action;
    },
  };
}

export function matches(match: FaultMatch, facts: FaultFacts): boolean {
  const { to, device, xmlns, kind } = match;
  if (to !== undefined && to !== facts.to) return false;
  if (xmlns !== undefined && xmlns !== facts.xmlns) return false;
  if (kind !== undefined && kind !== facts.kind) return false;
  return (
    device === undefined || device === facts.device || device === facts.device?.split(/[:@]/)[0]
  );
}
