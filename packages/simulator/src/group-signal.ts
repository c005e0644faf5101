import type { Journal } from "./journal.ts";
import {
  chainIdOf,
  makeSenderKeyWriter,
  openSenderKeyReader,
  readDistribution,
  type SenderChain,
  type SenderKeyReader,
  type SenderKeyWriter,
} from "./sender-key.ts";

/**
 * The sender keys of the virtual phones. Those of others are in the journal as they were handed over, and again every few
 * hundred messages: an older state still reads what comes later. A phone's own are made anew by each process.
 */
export interface GroupSignal {
  learn(where: SenderPlace, distribution: Uint8Array): void;
  /** Returns the padded plaintext; throws when the phone cannot read it. */
  decrypt(where: SenderPlace, message: Buffer): Buffer;
  /** What the phone writes with, and which companions have got its key. */
  writer(phone: string, group: string): GroupWriter;
  /** Somebody left: what is written from here on must not be readable to them. */
  renew(group: string): void;
  /** The companion is unlinked, or lost what it knew. */
  forget(companion: string): void;
}

interface SenderPlace {
  /** Digits of the reading phone. */
  readonly phone: string;
  readonly group: string;
  /** JID of the writing companion. */
  readonly sender: string;
}

export interface GroupWriter extends SenderKeyWriter {
  readonly knownTo: Set<string>;
}

const keptChains = 3;
const messagesBetweenSaves = 500;

interface Known {
  readonly readers: SenderKeyReader[];
  messages: number;
}

export function openGroupSignal(journal: Journal): GroupSignal {
  const known = new Map<string, Known>();
  const writers = new Map<string, GroupWriter>();
  for (const [key, chains] of journal.entries<SenderChain[]>("senderkey/"))
    known.set(key, { readers: chains.map(openSenderKeyReader), messages: 0 });

  function save(key: string, { readers }: Known): void {
    journal.write([[`senderkey/${key}`, readers.map((reader) => reader.chain())]]);
  }
  return {
    learn(where, distribution) {
      const key = placeKey(where);
      const chain = readDistribution(distribution);
      const others = (known.get(key)?.readers ?? []).filter(({ id }) => id !== chain.id);
      const kept = {
        readers: [openSenderKeyReader(chain), ...others].slice(0, keptChains),
        messages: 0,
      };
      known.set(key, kept);
      save(key, kept);
    },
    decrypt(where, message) {
      const key = placeKey(where);
      const found = known.get(key);
      const id = chainIdOf(message);
      const reader = found?.readers.find((candidate) => candidate.id === id);
      if (found === undefined || reader === undefined) throw new Error("no sender key");
      const plaintext = reader.decrypt(message);
      found.messages += 1;
      if (found.messages % messagesBetweenSaves === 0) save(key, found);
      return plaintext;
    },
    writer(phone, group) {
      const key = `${group}/${phone}`;
      const writer = writers.get(key) ?? { ...makeSenderKeyWriter(), knownTo: new Set<string>() };
      writers.set(key, writer);
      return writer;
    },
    renew(group) {
      for (const key of writers.keys()) if (key.startsWith(`${group}/`)) writers.delete(key);
    },
    forget(companion) {
      for (const { knownTo } of writers.values()) knownTo.delete(companion);
      const gone = [...known.keys()].filter((key) => key.endsWith(`/${companion}`));
      for (const key of gone) known.delete(key);
      if (gone.length > 0) journal.write(gone.map((key) => [`senderkey/${key}`]));
    },
  };
}

const placeKey = ({ phone, group, sender }: SenderPlace): string => `${phone}/${group}/${sender}`;
