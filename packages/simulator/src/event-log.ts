/** What happened, as the server saw it, in order. A bounded ring: the oldest entries are dropped and counted. */
export interface LogEntry {
  readonly seq: number;
  /** ISO time. */
  readonly at: string;
  readonly kind: LogKind;
  /** JID of the companion (or phone) the entry is about. */
  readonly device?: string;
  readonly id?: string;
  readonly to?: string;
  readonly from?: string;
  readonly type?: string;
  readonly [field: string]: string | number | boolean | undefined;
}

/**
 * message: stanza of a client · ack: our answer to it · receipt: towards a client · receipt_in: of a client ·
 * shown: a phone showed a message · unreadable: a phone could not decrypt · fault: a fault was used ·
 * media: an upload or download · chatstate: a client is typing · group: a group changed · history: a phone was asked for its history.
 */
export type LogKind =
  | "connect"
  | "login"
  | "login_failed"
  | "paired"
  | "unlinked"
  | "close"
  | "iq"
  | "message"
  | "ack"
  | "receipt"
  | "receipt_in"
  | "ack_in"
  | "notification"
  | "delivered"
  | "shown"
  | "unreadable"
  | "fault"
  | "media"
  | "chatstate"
  | "group"
  | "history"
  | "dropped";

export type LogFields = Omit<LogEntry, "seq" | "at" | "kind">;

export interface LogPage {
  readonly entries: LogEntry[];
  /** Entries after `after` that the ring no longer holds. */
  readonly dropped: number;
  readonly last: number;
}

export interface EventLog {
  append(kind: LogKind, fields: LogFields): void;
  after(seq: number): LogPage;
  /** Calls the listener with every later entry until the returned function is called. */
  onEntry(listener: (entry: LogEntry) => void): () => void;
}

export function openEventLog(capacity: number): EventLog {
  const ring: LogEntry[] = [];
  const listeners = new Set<(entry: LogEntry) => void>();
  let last = 0;
  return {
    append(kind, fields) {
      last += 1;
      const entry = { seq: last, at: new Date().toISOString(), kind, ...fields } satisfies LogEntry;
      ring[(last - 1) % capacity] = entry;
      for (const listener of listeners) listener(entry);
    },
    after(seq) {
      const first = Math.max(1, last - capacity + 1);
      const from = Math.max(seq + 1, first);
      const entries: LogEntry[] = [];
      for (let at = from; at <= last; at++) {
        const entry = ring[(at - 1) % capacity];
        if (entry !== undefined) entries.push(entry);
      }
      return { entries, dropped: Math.max(0, from - (Math.max(0, seq) + 1)), last };
    },
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The first entry, old or new, that fits; rejects when the signal aborts. */
export async function waitForEntry(
  log: EventLog,
  fits: (entry: LogEntry) => boolean,
  { after = 0, signal }: { after?: number; signal?: AbortSignal } = {},
): Promise<LogEntry> {
  const known = log.after(after).entries.find(fits);
  if (known !== undefined) return known;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<LogEntry>();
  const stop = log.onEntry((entry) => {
    if (fits(entry)) resolve(entry);
  });
  const aborted = (): void => reject(new Error("no such log entry", { cause: signal?.reason }));
  signal?.addEventListener("abort", aborted, { once: true });
  try {
    return await promise;
  } finally {
    stop();
    signal?.removeEventListener("abort", aborted);
  }
}
