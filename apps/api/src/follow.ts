import type { StatusEvent } from "@pombo/status";

export interface LiveEvents {
  onEvent(listener: (event: StatusEvent) => void, wants?: () => boolean): () => void;
  /** Resolves when they come. */
  listening(): Promise<void>;
}

/** Live events by what they are about; each method returns how to stop. */
export interface Follow {
  /** Resolves when what is followed is heard; whoever reads before may miss a change. */
  listening(): Promise<void>;
  message(id: string, ring: () => void): () => void;
  device(id: string, ring: () => void): () => void;
  /** Only changes of its state, not its messages. */
  deviceState(id: string, ring: () => void): () => void;
  /** The answer to a request that the owner of a device was sent. */
  reply(requestId: string, ring: () => void): () => void;
}

/** Hands each live event to those who wait for its subject only: thousands may wait at once. */
export function openFollow(events: LiveEvents): Follow {
  const waiting = new Map<string, Set<() => void>>();
  const hear = (event: StatusEvent): void => {
    const subjects = [event.message, event.device];
    if (event.message === "") subjects.push(stateOf(event.device));
    for (const subject of subjects) for (const ring of waiting.get(subject) ?? []) ring();
  };
  events.onEvent(hear, () => waiting.size > 0);
  const follow = (subject: string, ring: () => void): (() => void) => {
    const rings = waiting.get(subject) ?? new Set();
    waiting.set(subject, rings.add(ring));
    return () => {
      rings.delete(ring);
      if (rings.size === 0) waiting.delete(subject);
    };
  };
  const deviceState: Follow["deviceState"] = (id, ring) => follow(stateOf(id), ring);
  const listening = (): Promise<void> => events.listening();
  return { listening, message: follow, device: follow, deviceState, reply: follow };
}

function stateOf(deviceId: string): string {
  return `state of ${deviceId}`;
}
