import {
  type AuthenticationCreds,
  initAuthCreds,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from "@whiskeysockets/baileys";
import { decodeCreds, decodeKey, encodeCreds, encodeKey, type KeyType } from "./codec.ts";
import { openRecords, type Records } from "./records.ts";
import type { Seal } from "./seal.ts";
import { givenToken, type TrustEntry, trustedUntil } from "./trust-token.ts";

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
  /** Our trust token goes to this recipient (a LID, as a rule) now; in the store with the next write. */
  readonly noteGivenToken: (recipient: string, now: number) => void;
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

const CREDS = "creds";

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
  readonly records: Map<string, Buffer>;
  readonly due: Set<string>;
  readonly loaded: AuthenticationCreds;
}

function openCredentials({ loaded, events, records: kept, ...rest }: Opening): Credentials {
  let creds = loaded;
  let writtenCreds: Readonly<Record<string, unknown>> = kept.has(CREDS) ? { ...creds } : {};
  const isPaired = (): boolean => creds.account !== undefined && creds.me?.id !== undefined;
  const records = openRecords({
    ...rest,
    loaded: kept,
    onStale: events.onStale,
    onWrite: (put) => {
      if (!isPaired()) return false;
      if (changed(creds, writtenCreds)) put(CREDS, encodeCreds(creds));
      writtenCreds = { ...creds };
      return true;
    },
  });
  const renew = (): void => {
    creds = initAuthCreds();
    writtenCreds = {};
    records.clear();
  };
  const set = async (data: SignalDataSet): Promise<void> => {
    for (const [type, id, value] of entries(data)) {
      const absent = value === null || value === undefined;
      records.put(`${type}:${id}`, absent ? undefined : encodeKey(type, value));
      if (type === "tctoken") announceTrust(id, value, events);
    }
    await records.write();
  };
  return {
    creds: () => creds,
    isPaired,
    startAfresh: () => {
      if (isPaired()) throw new Error("a paired device keeps its credentials");
      renew();
    },
    keysForSocket: () => {
      let retired = false;
      return {
        keys: {
          get: (type, ids) => readKeys(records, type, ids),
          set: async (data) => {
            if (retired) throw new Error("the socket of this key store is gone");
            await set(data);
          },
        },
        retire: () => {
          retired = true;
        },
      };
    },
    noteGivenToken: (recipient, now) => {
      // In one step, so that a token which comes in meanwhile isn't overwritten.
      const bytes = records.get(`tctoken:${recipient}`);
      const entry = bytes === undefined ? undefined : decodeKey("tctoken", bytes);
      const noted = givenToken(entry, now);
      if (noted !== undefined) records.put(`tctoken:${recipient}`, encodeKey("tctoken", noted));
    },
    remove: (type, ids) => set({ [type]: Object.fromEntries(ids.map((id) => [id, null])) }),
    settled: records.write,
    erase: async () => {
      const outcome = await records.erase();
      if (outcome === "written") renew();
      return outcome;
    },
    size: records.size,
  };
}

function readKeys<T extends KeyType>(
  records: Records,
  type: T,
  ids: readonly string[],
): Record<string, SignalDataTypeMap[T]> {
  const found: Record<string, SignalDataTypeMap[T]> = {};
  for (const id of ids) {
    const bytes = records.get(`${type}:${id}`);
    if (bytes !== undefined) found[id] = decodeKey(type, bytes);
  }
  return found;
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
  const until = trustedUntil(value as TrustEntry | null);
  if (until !== undefined) events.onTrust({ recipient, until });
}
