import {
  type AuthenticationCreds,
  initAuthCreds,
  type SignalDataSet,
  type SignalKeyStore,
} from "@whiskeysockets/baileys";
import { decodeCreds, decodeKey, encodeCreds, encodeKey, type KeyType } from "./codec.ts";
import type { Seal } from "./seal.ts";

/**
 * The credentials of one device: loaded once, read from memory, written in order.
 *
 * Rules that must stay true:
 * - One write at a time; what changes meanwhile goes together into the next one. Each write is all or nothing in the store.
 * - The creds document is written with the keys whenever it changed, however it changed (Baileys mutates it in place).
 * - What could not be written stays due and goes with the next write; memory is never behind what the phone has seen.
 * - A refused (stale) write is the end: nothing is written any more, nothing is erased.
 * - Nothing is written before the device is paired: a pairing that dies leaves no trace.
 */
export interface CredentialStore {
  /** All records of the device. Names are `creds` and `<type>:<id>`, values are sealed. */
  load(): Promise<ReadonlyMap<string, Buffer>>;
  /** All or nothing, fenced by the epoch. */
  write(changes: CredentialChanges): Promise<"written" | "stale">;
  /** Only on logout or a confirmed 401. */
  erase(): Promise<"written" | "stale">;
}

export interface CredentialChanges {
  readonly set: ReadonlyMap<string, Buffer>;
  readonly remove: readonly string[];
}

export interface Credentials {
  readonly creds: () => AuthenticationCreds;
  readonly isPaired: () => boolean;
  /** New creds for a new pairing; only while unpaired. */
  readonly startAfresh: () => void;
  /** The key store of one socket: after `retire` a late write of that socket is refused. */
  readonly keysForSocket: () => { readonly keys: SignalKeyStore; readonly retire: () => void };
  /** Drops records outside of any socket. */
  readonly remove: (type: KeyType, ids: readonly string[]) => Promise<void>;
  /** Resolves when everything that changed is in the store; rejects when the store failed. */
  readonly settled: () => Promise<void>;
  readonly erase: () => Promise<"written" | "stale">;
  /** Bytes that rest in the store for this device, names excluded. */
  readonly size: () => { readonly records: number; readonly bytes: number };
}

export type LoadedCredentials =
  | { readonly kind: "credentials"; readonly credentials: Credentials }
  | { readonly kind: "unreadable"; readonly reason: string };

export interface CredentialEvents {
  /** The store refused a write: somebody else owns the device. Called once. */
  readonly onStale: () => void;
  readonly onTrust: (trust: { readonly recipient: string; readonly until: number }) => void;
}

export class StaleCredentialsError extends Error {
  override readonly name = "StaleCredentialsError";
}

const CREDS = "creds";
/** Baileys drops trust tokens at the end of the fourth bucket of seven days. */
const TRUST_MS = 28 * 86_400_000;

export async function loadCredentials(
  store: CredentialStore,
  seal: Seal,
  events: CredentialEvents,
): Promise<LoadedCredentials> {
  const records = new Map<string, Buffer>();
  const due = new Set<string>();
  for (const [name, sealed] of await store.load()) {
    const opened = seal.open(name, sealed);
    if (opened.kind === "unreadable") return opened;
    records.set(name, opened.value);
    // Sealed with an older key: written again with the first write.
    if (opened.keyId !== seal.keyId) due.add(name);
  }
  const creds = readCreds(records.get(CREDS));
  if (creds === undefined || (creds === "none" && records.size > 0))
    return { kind: "unreadable", reason: "creds_missing_or_damaged" };
  const loaded = creds === "none" ? initAuthCreds() : creds;
  return {
    kind: "credentials",
    credentials: openCredentials({ store, seal, events, records, due, loaded }),
  };
}

function readCreds(bytes: Buffer | undefined): AuthenticationCreds | "none" | undefined {
  if (bytes === undefined) return "none";
  try {
    const creds = decodeCreds(bytes) as AuthenticationCreds;
    return creds.noiseKey === undefined ? undefined : creds;
  } catch {
    return undefined;
  }
}

interface Opening {
  readonly store: CredentialStore;
  readonly seal: Seal;
  readonly events: CredentialEvents;
  /** Every record in the clear, encoded. */
  readonly records: Map<string, Buffer>;
  /** Names whose stored value is behind memory. */
  readonly due: Set<string>;
  readonly loaded: AuthenticationCreds;
}

function openCredentials({ store, seal, events, records, due, loaded }: Opening): Credentials {
  let creds = loaded;
  let writtenCreds: Readonly<Record<string, unknown>> = records.has(CREDS) ? { ...creds } : {};
  let stale = false;
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  const isPaired = (): boolean => creds.account !== undefined && creds.me?.id !== undefined;

  const becomeStale = (): void => {
    if (stale) return;
    stale = true;
    events.onStale();
  };

  const takeDue = (): CredentialChanges => {
    if (changed(creds, writtenCreds)) {
      records.set(CREDS, encodeCreds(creds));
      writtenCreds = { ...creds };
      due.add(CREDS);
    }
    const set = new Map<string, Buffer>();
    const remove: string[] = [];
    for (const name of due) {
      const value = records.get(name);
      if (value === undefined) remove.push(name);
      else set.set(name, seal.seal(name, value));
    }
    due.clear();
    return { set, remove };
  };

  const commit = async (): Promise<void> => {
    if (stale) throw new StaleCredentialsError("the device has another owner");
    if (!isPaired()) return;
    const changes = takeDue();
    if (changes.set.size === 0 && changes.remove.length === 0) return;
    let outcome: "written" | "stale";
    try {
      outcome = await store.write(changes);
    } catch (error) {
      for (const name of [...changes.set.keys(), ...changes.remove]) due.add(name);
      throw error;
    }
    if (outcome === "written") return;
    becomeStale();
    throw new StaleCredentialsError("the store refused the write");
  };

  const write = (): Promise<void> => {
    next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        current = commit();
        return current;
      });
    return next;
  };

  const put = (data: SignalDataSet): void => {
    for (const [type, id, value] of entries(data)) {
      const name = `${type}:${id}`;
      if (value === null || value === undefined) records.delete(name);
      else records.set(name, encodeKey(type, value));
      due.add(name);
      if (type === "tctoken") announceTrust(id, value, events);
    }
  };

  const get: SignalKeyStore["get"] = (type, ids) => {
    const found: Record<string, ReturnType<typeof decodeKey<typeof type>>> = {};
    for (const id of ids) {
      const bytes = records.get(`${type}:${id}`);
      if (bytes !== undefined) found[id] = decodeKey(type, bytes);
    }
    return found;
  };

  return {
    creds: () => creds,
    isPaired,
    startAfresh: () => {
      if (isPaired()) throw new Error("a paired device keeps its credentials");
      creds = initAuthCreds();
      writtenCreds = {};
      records.clear();
      due.clear();
    },
    keysForSocket: () => {
      let retired = false;
      const set = async (data: SignalDataSet): Promise<void> => {
        if (retired) throw new Error("the socket of this key store is gone");
        put(data);
        await write();
      };
      return { keys: { get, set }, retire: () => (retired = true) };
    },
    remove: async (type, ids) => {
      put({ [type]: Object.fromEntries(ids.map((id) => [id, null])) });
      await write();
    },
    settled: write,
    erase: async () => {
      await write().catch(() => undefined);
      const outcome = stale ? "stale" : await store.erase();
      if (outcome === "stale") {
        becomeStale();
        return outcome;
      }
      creds = initAuthCreds();
      writtenCreds = {};
      records.clear();
      due.clear();
      return outcome;
    },
    size: () => ({
      records: records.size,
      bytes: [...records].reduce((sum, [name, value]) => sum + seal.seal(name, value).length, 0),
    }),
  };
}

function changed(creds: AuthenticationCreds, written: Readonly<Record<string, unknown>>): boolean {
  const now = creds as unknown as Record<string, unknown>;
  const names = new Set([...Object.keys(now), ...Object.keys(written)]);
  return [...names].some((name) => now[name] !== written[name]);
}

function* entries(data: SignalDataSet): Generator<[KeyType, string, unknown]> {
  for (const [type, values] of Object.entries(data)) {
    for (const [id, value] of Object.entries(values ?? {})) yield [type as KeyType, id, value];
  }
}

function announceTrust(recipient: string, value: unknown, events: CredentialEvents): void {
  const entry = value as { token?: Uint8Array; timestamp?: string | number } | null;
  const seconds = Number(entry?.timestamp);
  if (entry?.token === undefined || entry.token.length === 0 || !(seconds > 0)) return;
  events.onTrust({ recipient, until: seconds * 1000 + TRUST_MS });
}
