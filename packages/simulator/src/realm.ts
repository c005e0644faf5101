import type { Trust } from "./certificate.ts";
import type { Connections } from "./connections.ts";
import type { DistinctCount } from "./distinct-count.ts";
import type { Directory } from "./directory.ts";
import type { EventLog } from "./event-log.ts";
import type { Faults } from "./faults.ts";
import type { Groups } from "./groups.ts";
import type { GroupSignal } from "./group-signal.ts";
import type { Journal } from "./journal.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Limits } from "./limits.ts";
import type { MediaStore } from "./media-store.ts";
import type { Outboxes } from "./outbox.ts";
import type { Pairings } from "./pairings.ts";
import type { PhoneSignal } from "./phone-signal.ts";
import type { Phones } from "./phones.ts";
import type { Timers } from "./timers.ts";
import type { Work } from "./work.ts";

/** The state of one simulated WhatsApp; every handler gets it as its first argument. */
export interface Realm {
  readonly limits: Limits;
  readonly delays: Delays;
  readonly trust: Trust;
  readonly timers: Timers;
  readonly work: Work;
  readonly journal: Journal;
  readonly keyRing: KeyRing;
  readonly directory: Directory;
  readonly connections: Connections;
  readonly pairings: Pairings;
  readonly outboxes: Outboxes;
  readonly phones: Phones;
  readonly signal: PhoneSignal;
  readonly groups: Groups;
  readonly groupSignal: GroupSignal;
  readonly media: MediaStore;
  /** Name and port of the media host, once it is open. */
  readonly mediaHost: { current: string | undefined };
  readonly faults: Faults;
  readonly log: EventLog;
  readonly counters: Counters;
  /** Of messages relayed to at least one device. */
  readonly relayedIds: DistinctCount;
  /** For the operator's log: no text, no key, no full number. */
  readonly report: Report;
}

export type Report = (event: string, fields: Record<string, unknown>) => void;

/** Milliseconds; `delivered` and `read` count from the message's arrival at the phone. */
export interface Delays {
  readonly ack: number;
  readonly delivered: number;
  readonly read: number;
}

export interface Counters {
  messages: number;
  relayed: number;
  repeated: number;
  unreadable: number;
  iqs: number;
  logins: number;
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
