import type { StatusEvent } from "@pombo/status";

export interface LiveEvents {
  onEvent(listener: (event: StatusEvent) => void): () => void;
}

/** Live events by what they are about; each method returns how to stop. */
export interface Follow {
  message(id: string, ring: () => void): () => void;
  device(id: string, ring: () => void): () => void;
  /** The answer to a request that the owner of a device was sent. */
  reply(requestId: string, ring: () => void): () => void;
}

/** Hands each live event to those who wait for its subject only: thousands may wait at once. */
export function openFollow(events: LiveEvents): Follow {
  const waiting = new Map<string, Set<() => void>>();
  events.onEvent((event) => {
    for (const subject of [event.message, event.device])
      for (const ring of waiting.get(subject) ?? []) ring();
  });
  const follow = (subject: string, ring: () => void): (() => void) => {
    const rings = waiting.get(subject) ?? new Set();
    waiting.set(subject, rings.add(ring));
    return () => {
      rings.delete(ring);
      if (rings.size === 0) waiting.delete(subject);
    };
  };
  return { message: follow, device: follow, reply: follow };
}
