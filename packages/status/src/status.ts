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
  /**
   * Resolves when live events come, which matters with `eventsOnDemand` only: from then on they do, until nobody has wanted any for
   * half a minute. Where the store is away it resolves after a second all the same, since they are lossy anyhow.
   */
  listening(): Promise<void>;
  /** Calls back with the id of a device whose owner should look at its lane. */
  onWake(listener: (deviceId: string) => void): () => void;
  /** Calls back with the id of a device that nobody owns; empty when a worker has left, and the others may take more. */
  onFreed(listener: (deviceId: string) => void): () => void;
  /** Calls back with the id of an endpoint that the reader of the event log should look at; empty when it may go on anywhere. */
  onNudge(listener: (endpointId: string) => void): () => void;
}

export interface StatusDeps {
  /** A connection of its own, in subscriber mode from here on; closed by its owner. */
  readonly redis: Redis;
  readonly keys: Keys;
  readonly channels: readonly ("events" | "wakes" | "freed" | "nudges")[];
  /** Live events are heard only while somebody wants them and has asked for `listening`. */
  readonly eventsOnDemand?: boolean;
}

type Hear = (id: string) => void;

/** How often it looks whether anybody still wants live events. */
const LOOK_MS = 30_000;
const PATIENCE_MS = 1_000;

/** Subscribes to the live channels of a cell. ioredis subscribes again by itself after a reconnect. */
export async function openStatus(deps: StatusDeps): Promise<Status> {
  const { redis, keys, channels, eventsOnDemand = false } = deps;
  const listeners = new Set<Listener>();
  const names = {
    events: keys.status(),
    wakes: keys.wake(),
    freed: keys.freed(),
    nudges: keys.nudge(),
  };
  /** Of the channels that carry bare ids. */
  const hearers = { wakes: new Set<Hear>(), freed: new Set<Hear>(), nudges: new Set<Hear>() };
  const hearersOf = new Map([
    [names.wakes, hearers.wakes],
    [names.freed, hearers.freed],
    [names.nudges, hearers.nudges],
  ]);
  const onMessage = (channel: string, text: string): void => {
    const hearing = hearersOf.get(channel);
    if (hearing !== undefined) for (const hear of hearing) hear(text);
    else {
      const wanting = [...listeners].filter(({ wants }) => wants());
      if (wanting.length === 0) return;
      const event = JSON.parse(text) as StatusEvent;
      for (const { hear } of wanting) hear(event);
    }
  };
  const demand = openDemand({
    begin: () => redis.subscribe(names.events),
    end: () => redis.unsubscribe(names.events),
    wanted: () => [...listeners].some(({ wants }) => wants()),
  });
  redis.on("message", onMessage);
  const always = channels.filter((channel) => channel !== "events" || !eventsOnDemand);
  if (always.length > 0) await redis.subscribe(...always.map((channel) => names[channel]));
  return {
    listening: () => (eventsOnDemand ? demand.met() : Promise.resolve()),
    onEvent: (hear, wants = () => true) => register(listeners, { hear, wants }),
    onWake: (listener) => register(hearers.wakes, listener),
    onFreed: (listener) => register(hearers.freed, listener),
    onNudge: (listener) => register(hearers.nudges, listener),
    async [Symbol.asyncDispose]() {
      demand.close();
      redis.off("message", onMessage);
      listeners.clear();
      for (const set of hearersOf.values()) set.clear();
      await Promise.resolve();
    },
  };
}

interface Demand {
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
  readonly wanted: () => boolean;
}

/** Begins when it is asked for, ends when nobody has wanted it for a while. */
function openDemand({ begin, end, wanted }: Demand) {
  let begun: Promise<void> | undefined;
  let asked = true;
  let clock: NodeJS.Timeout | undefined;

  function stop(): void {
    clearInterval(clock);
    begun = undefined;
  }

  async function start(): Promise<void> {
    const patience = setTimeout(() => patient.resolve(), PATIENCE_MS);
    const patient = Promise.withResolvers<void>();
    const beginning = begin().then(() => undefined);
    // The next one who asks tries again.
    beginning.catch(stop);
    await Promise.race([beginning, patient.promise]).catch(() => undefined);
    clearTimeout(patience);
  }

  function look(): void {
    if (!asked && !wanted()) {
      stop();
      end().catch(() => undefined);
    }
    asked = false;
  }

  return {
    met(): Promise<void> {
      asked = true;
      if (begun === undefined) {
        clock = setInterval(look, LOOK_MS);
        clock.unref();
        begun = start();
      }
      return begun;
    },
    close: stop,
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
