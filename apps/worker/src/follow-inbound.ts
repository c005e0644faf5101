import { type DeviceId, type InboundMessage, isOptOut } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { insist } from "./insist.ts";
import type { Places } from "./places.ts";

export interface InboundDeps {
  readonly ledger: Pick<Ledger, "receive">;
  /** Whoever writes one of these to a device opts out. */
  readonly optOutKeywords: readonly string[];
  /** Of the process: what is kept takes memory. */
  readonly places: Places;
  /** Between two tries to write what Redis refused. */
  readonly againMs: number;
  readonly now: () => number;
  /** It will be tried again. */
  readonly onRefused: (error: unknown) => void;
  /** It will not. */
  readonly onError: (error: unknown) => void;
}

/**
 * Writes what others sent to a device, in the order in which it came. WhatsApp has our receipt by then: what Redis refuses is kept, and written
 * once Redis takes it.
 */
export function followInbound(deviceId: DeviceId, deps: InboundDeps) {
  const { ledger, optOutKeywords, places, againMs, now, onError } = deps;
  const ending = new AbortController();
  let tail: Promise<unknown> = Promise.resolve();
  let refused = false;
  const onRefused = (error: unknown): void => {
    refused = true;
    deps.onRefused(error);
  };
  return {
    follow(message: InboundMessage): void {
      const optsOut = isWish(message) && isOptOut(message.text ?? "", optOutKeywords);
      // Where Redis takes everything, what is just being written is never too much.
      if (refused && places.full())
        return onError(new Error("Redis refuses writes, and as much as may be is kept already"));
      const leave = places.take();
      const receive = () => ledger.receive(deviceId, message, now(), { optsOut });
      tail = tail
        .then(() => insist(receive, { againMs, signal: ending.signal, onRefused }))
        .then(() => (refused = false), onError)
        .finally(leave);
    },
    /** The device is let go: what Redis refuses is tried once more, and no longer. */
    hurry: (): void => ending.abort(),
    settled: (): Promise<unknown> => tail,
  };
}

/** What is written in a group is not said to us. */
function isWish({ kind, chat, from }: InboundMessage): boolean {
  return kind === "text" && chat === from;
}
