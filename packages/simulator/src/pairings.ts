import type { Connection, Registration } from "./connection.ts";

/** Connections that wait to be linked: by one of their QR refs, or by a number whose phone is to enter a code. */
export interface Pairings {
  offer(pairing: QrPairing): void;
  byRef(ref: string): QrPairing | undefined;
  expectCode(pairing: CodePairing): void;
  byNumber(number: string): CodePairing | undefined;
  /** Called when a client next waits for a code; returns the unsubscriber. */
  onCodeExpected(listener: (pairing: CodePairing) => void): () => void;
  codeOf(connection: Connection): CodePairing | undefined;
  /** A link whose client has still to sign. */
  begin(link: PendingLink): void;
  linkOf(connection: Connection): PendingLink | undefined;
  /** The connection is gone or linked: nothing waits for it any more. */
  forget(connection: Connection, reason: string): void;
}

interface QrPairing {
  readonly connection: Connection;
  readonly registration: Registration;
  readonly refs: readonly string[];
}

export interface CodePairing {
  readonly connection: Connection;
  readonly registration: Registration;
  readonly number: string;
  /** salt 32 || iv 16 || AES-256-CTR of the companion's ephemeral key. */
  readonly wrappedEphemeral: Buffer;
  readonly ref: string;
  /** Set while the phone's half of the exchange is under way. */
  exchange?: CodeExchange;
}

export interface CodeExchange {
  readonly ephemeralPrivate: Uint8Array;
  readonly companionEphemeral: Buffer;
  readonly fail: (error: Error) => void;
  readonly done: (link: Linked) => void;
}

export interface PendingLink {
  readonly connection: Connection;
  readonly id: string;
  readonly signed: Uint8Array;
  readonly seat: { readonly number: string; readonly device: number; readonly keyIndex: number };
  readonly fail: (error: Error) => void;
  readonly done: (link: Linked) => void;
}

export interface Linked {
  readonly phone: string;
  readonly jid: string;
  readonly lid: string;
  readonly device: number;
}

export function openPairings(): Pairings {
  const byRef = new Map<string, QrPairing>();
  const byNumber = new Map<string, CodePairing>();
  const listeners = new Set<(pairing: CodePairing) => void>();
  const links = new Map<Connection, PendingLink>();
  const codeOf = (connection: Connection): CodePairing | undefined =>
    [...byNumber.values()].find((pairing) => pairing.connection === connection);
  return {
    offer(pairing) {
      for (const ref of pairing.refs) byRef.set(ref, pairing);
    },
    byRef: (ref) => byRef.get(ref),
    expectCode: (pairing) => {
      byNumber.set(pairing.number, pairing);
      for (const listener of listeners) listener(pairing);
    },
    onCodeExpected(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    byNumber: (number) => byNumber.get(number),
    codeOf,
    begin: (link) => {
      links.set(link.connection, link);
    },
    linkOf: (connection) => links.get(connection),
    forget(connection, reason) {
      for (const [ref, pairing] of byRef) if (pairing.connection === connection) byRef.delete(ref);
      const code = codeOf(connection);
      if (code !== undefined) byNumber.delete(code.number);
      const gone = new Error(`the client went away: ${reason}`);
      code?.exchange?.fail(gone);
      links.get(connection)?.fail(gone);
      links.delete(connection);
    },
  };
}
