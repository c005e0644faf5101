import type { Connection } from "./connection.ts";

/** All sockets, and which one speaks for which companion. */
export interface Connections {
  add(connection: Connection): void;
  remove(connection: Connection): void;
  all(): Connection[];
  size(): number;
  /** Makes the connection the companion's one and only; returns the one that was. */
  claim(jid: string, connection: Connection): Connection | undefined;
  of(jid: string): Connection | undefined;
  online(): Connection[];
}

export function openConnections(): Connections {
  const all = new Set<Connection>();
  const speakers = new Map<string, Connection>();
  return {
    add: (connection) => {
      all.add(connection);
    },
    remove(connection) {
      all.delete(connection);
      for (const [jid, speaker] of speakersOf(connection))
        if (speaker === connection) speakers.delete(jid);
    },
    all: () => [...all],
    size: () => all.size,
    claim(jid, connection) {
      const previous = speakers.get(jid);
      speakers.set(jid, connection);
      return previous;
    },
    of: (jid) => speakers.get(jid),
    online: () => [...speakers.values()],
  };

  function speakersOf({ role }: Connection): [string, Connection | undefined][] {
    if ((role.kind !== "device" && role.kind !== "deaf") || role.jid === undefined) return [];
    return [[role.jid, speakers.get(role.jid)]];
  }
}
