import type { Keys, Redis } from "@pombo/redis";

/**
 * A live event. `cursor` is its place in the event log; empty for what is only live.
 * `type` is `message.<status>`, `device.<state>`, `device.qr` or `device.replied` (then `message` is the request's id).
 */
export interface StatusEvent {
  readonly cursor: string;
  readonly type: string;
  readonly message: string;
  readonly device: string;
  readonly version: number;
  /** ms since the epoch */
  readonly at: number;
  readonly attempt: string;
  readonly code: string;
  /** What only events of this type have: a JSON object. */
  readonly more?: string;
}

export interface Status extends AsyncDisposable {
  /**
   * Calls back for every live event while `wants` says so; returns how to stop. Lossy: whoever must know reads the ledger as well.
   * An event that nobody wants is not even read: a busy API hears of each message that it accepts.
   */
  onEvent(listener: (event: StatusEvent) => void, wants?: () => boolean): () => void;
  /** Calls back with the id of a device whose owner should look at its lane. */
  onWake(listener: (deviceId: string) => void): () => void;
  /** Calls back with the id of an endpoint that the reader of the event log should look at; empty when it may go on anywhere. */
  onNudge(listener: (endpointId: string) => void): () => void;
}

export interface StatusDeps {
  /** A connection of its own, in subscriber mode from here on; closed by its owner. */
  readonly redis: Redis;
  readonly keys: Keys;
  readonly channels: readonly ("events" | "wakes" | "nudges")[];
}

/** Subscribes to the live channels of a cell. ioredis subscribes again by itself after a reconnect. */
export async function openStatus({ redis, keys, channels }: StatusDeps): Promise<Status> {
  const listeners = new Set<Listener>();
  const wakers = new Set<(deviceId: string) => void>();
  const nudgers = new Set<(endpointId: string) => void>();
  const names = { events: keys.status(), wakes: keys.wake(), nudges: keys.nudge() };
  const onMessage = (channel: string, text: string): void => {
    if (channel === names.wakes) for (const waker of wakers) waker(text);
    else if (channel === names.nudges) for (const nudger of nudgers) nudger(text);
    else {
      const wanting = [...listeners].filter(({ wants }) => wants());
      if (wanting.length === 0) return;
      const event = JSON.parse(text) as StatusEvent;
      for (const { hear } of wanting) hear(event);
    }
  };
  redis.on("message", onMessage);
  await redis.subscribe(...channels.map((channel) => names[channel]));
  return {
    onEvent: (hear, wants = () => true) => register(listeners, { hear, wants }),
    onWake: (listener) => register(wakers, listener),
    onNudge: (listener) => register(nudgers, listener),
    async [Symbol.asyncDispose]() {
      redis.off("message", onMessage);
      listeners.clear();
      wakers.clear();
      nudgers.clear();
      await Promise.resolve();
    },
  };
}

interface Listener {
  readonly hear: (event: StatusEvent) => void;
  readonly wants: () => boolean;
}

function register<Value>(set: Set<Value>, value: Value): () => void {
  set.add(value);
  return () => set.delete(value);
}
