import type { Journal, JournalEdit } from "./journal.ts";
import { pnJid } from "./jid.ts";

/** Accounts and their linked companions, with the keys they uploaded. Binary values are base64. */
export interface Companion {
  readonly number: string;
  readonly device: number;
  readonly keyIndex: number;
  /** The Noise static key; it is what a later login is recognised by. */
  readonly noiseKey: string;
  readonly identity: string;
  readonly registrationId: number;
  readonly signedPreKey: PreKey & { readonly signature: string };
  /** ADVSignedDeviceIdentity with both signatures. */
  readonly signedIdentity: string;
}

export interface PreKey {
  readonly id: number;
  readonly value: string;
}

interface Account {
  readonly rawId: number;
  /** Key indexes are never used twice. */
  readonly lastKeyIndex: number;
  /** Unix seconds of the last change of the device list. */
  readonly changedAt: number;
}

export interface Directory {
  account(number: string): Account;
  companion(number: string, device: number): Companion | undefined;
  companionsOf(number: string): Companion[];
  companions(): Iterable<Companion>;
  /** The id and key index the next companion would get, or undefined when all ids are taken. */
  nextSeat(number: string): { device: number; keyIndex: number } | undefined;
  admit(companion: Companion): void;
  update(companion: Companion): void;
  remove(companion: Companion): void;
  preKeys(companion: Companion): PreKeyStore;
}

interface PreKeyStore {
  count(): number;
  add(keys: readonly PreKey[]): void;
  /** Each one-time key is handed out once. */
  take(): PreKey | undefined;
}

export interface DirectoryDeps {
  readonly journal: Journal;
  readonly companionIds: number;
  readonly preKeysPerDevice: number;
  readonly nowSeconds: () => number;
}

export function openDirectory(deps: DirectoryDeps): Directory {
  const { journal } = deps;
  const accounts = new Map(journal.entries<Account>("account/"));
  const companions = new Map<string, Map<number, Companion>>();
  for (const [, found] of journal.entries<Companion>("companion/"))
    mapOf(companions, found.number).set(found.device, found);
  const stores = new Map<string, Map<number, string>>();
  for (const [key, value] of journal.entries<string>("prekey/")) {
    const [jid = "", id] = key.split("/");
    mapOf(stores, jid).set(Number(id), value);
  }

  function account(number: string): Account {
    return (
      accounts.get(number) ?? {
        rawId: rawIdOf(number),
        lastKeyIndex: 0,
        changedAt: deps.nowSeconds(),
      }
    );
  }
  function changeAccount(number: string, changes: Partial<Account>): JournalEdit {
    const changed = { ...account(number), changedAt: deps.nowSeconds(), ...changes };
    accounts.set(number, changed);
    return [`account/${number}`, changed];
  }
  const companionsOf = (number: string): Companion[] => [
    ...(companions.get(number)?.values() ?? []),
  ];

  return {
    account,
    companionsOf,
    companion: (number, device) => companions.get(number)?.get(device),
    companions: () => [...companions.values()].flatMap((devices) => [...devices.values()]),
    nextSeat(number) {
      const taken = new Set(companionsOf(number).map(({ device }) => device));
      const keyIndex = account(number).lastKeyIndex + 1;
      for (let step = 0; step < deps.companionIds; step++) {
        const device = ((keyIndex - 1 + step) % deps.companionIds) + 1;
        if (!taken.has(device)) return { device, keyIndex };
      }
      return undefined;
    },
    admit(companion) {
      mapOf(companions, companion.number).set(companion.device, companion);
      journal.write([
        [`companion/${jidOf(companion)}`, companion],
        changeAccount(companion.number, { lastKeyIndex: companion.keyIndex }),
      ]);
    },
    update(companion) {
      mapOf(companions, companion.number).set(companion.device, companion);
      journal.write([[`companion/${jidOf(companion)}`, companion]]);
    },
    remove(companion) {
      const jid = jidOf(companion);
      const keys = [...mapOf(stores, jid).keys()].map((id): JournalEdit => [`prekey/${jid}/${id}`]);
      companions.get(companion.number)?.delete(companion.device);
      stores.delete(jid);
      journal.write([[`companion/${jid}`], ...keys, changeAccount(companion.number, {})]);
    },
    preKeys: (companion) => preKeyStore(jidOf(companion), mapOf(stores, jidOf(companion)), deps),
  };
}

export const jidOf = (companion: Companion): string => pnJid(companion.number, companion.device);

function preKeyStore(
  jid: string,
  keys: Map<number, string>,
  { journal, preKeysPerDevice }: DirectoryDeps,
): PreKeyStore {
  return {
    count: () => keys.size,
    add(added) {
      const kept = added.slice(0, Math.max(0, preKeysPerDevice - keys.size));
      for (const { id, value } of kept) keys.set(id, value);
      journal.write(kept.map(({ id, value }): JournalEdit => [`prekey/${jid}/${id}`, value]));
    },
    take() {
      const first = keys.entries().next();
      if (first.done === true) return undefined;
      const [id, value] = first.value;
      keys.delete(id);
      journal.write([[`prekey/${jid}/${id}`]]);
      return { id, value };
    },
  };
}

function mapOf<V>(maps: Map<string, Map<number, V>>, key: string): Map<number, V> {
  const found = maps.get(key) ?? new Map<number, V>();
  maps.set(key, found);
  return found;
}

const rawIdOf = (number: string): number => Number(number.slice(-9)) + 1;
