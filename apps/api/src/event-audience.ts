import { type EventInterest, isWanted } from "@pombo/contract";
import type { TailEvent } from "./event-tail.ts";

/** What one listener wants to hear of. */
export interface Interest extends EventInterest {
  readonly messageId?: string;
}

/** Somebody who is up to date and is told what comes. */
export interface Listener {
  readonly interest: Interest;
  /** Called in order with what the interest wants, and the bytes of it as a stream, shared by all who want the same. */
  hear(events: readonly TailEvent[], bytes: () => Buffer): void;
}

interface Group {
  readonly interest: Interest;
  readonly listeners: Set<Listener>;
  /** What of the present batch it wants. */
  wanted: TailEvent[];
}

export interface Audience {
  add(listener: Listener): () => void;
  tell(batch: readonly TailEvent[]): void;
  readonly size: () => number;
}

const EVERY = "*";

/**
 * Listeners in groups of the same interest, and the groups by message, by device, or neither: an event is held only against those
 * that it may concern, is chosen once a group, and its bytes are made once a group.
 */
export function openAudience(): Audience {
  const groups = new Map<string, Group>();
  const bySubject = new Map<string, Set<Group>>();
  let size = 0;

  function join(interest: Interest): Group {
    const key = keyOf(interest);
    const found = groups.get(key);
    if (found !== undefined) return found;
    const group: Group = { interest, listeners: new Set(), wanted: [] };
    groups.set(key, group);
    for (const subject of subjectsOf(interest))
      bySubject.set(subject, (bySubject.get(subject) ?? new Set()).add(group));
    return group;
  }

  function leave(group: Group): void {
    groups.delete(keyOf(group.interest));
    for (const subject of subjectsOf(group.interest)) {
      const rest = bySubject.get(subject);
      rest?.delete(group);
      if (rest?.size === 0) bySubject.delete(subject);
    }
  }

  return {
    size: () => size,
    add(listener) {
      const group = join(listener.interest);
      group.listeners.add(listener);
      size += 1;
      return () => {
        if (!group.listeners.delete(listener)) return;
        size -= 1;
        if (group.listeners.size === 0) leave(group);
      };
    },
    tell(batch) {
      const touched = new Set<Group>();
      for (const event of batch) {
        for (const subject of [EVERY, event.entry.device, event.entry.message])
          for (const group of bySubject.get(subject) ?? []) {
            if (!wants(group.interest, event)) continue;
            group.wanted.push(event);
            touched.add(group);
          }
      }
      for (const group of touched) {
        const events = group.wanted;
        group.wanted = [];
        let made: Buffer | undefined;
        const bytes = (): Buffer => (made ??= framesOf(events));
        for (const listener of group.listeners) listener.hear(events, bytes);
      }
    },
  };
}

export function wants(interest: Interest, { entry }: TailEvent): boolean {
  if (interest.messageId !== undefined && interest.messageId !== entry.message) return false;
  return isWanted(entry, interest);
}

export function framesOf(events: readonly TailEvent[]): Buffer {
  return Buffer.from(events.map((event) => event.frame()).join(""));
}

function keyOf({ events, devices, messageId = "" }: Interest): string {
  return JSON.stringify([messageId, devices, events]);
}

/** Where a group is looked for; an event without a device or a message finds nobody there. */
function subjectsOf({ devices, messageId }: Interest): readonly string[] {
  if (messageId !== undefined) return [messageId];
  return devices === "*" ? [EVERY] : devices;
}
