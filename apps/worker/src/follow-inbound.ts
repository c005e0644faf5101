import { type DeviceId, type InboundMessage, isOptOut } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";

export interface InboundDeps {
  readonly ledger: Pick<Ledger, "receive">;
  /** Whoever writes one of these to a device opts out. */
  readonly optOutKeywords: readonly string[];
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Writes what others sent to a device, in the order in which it came. WhatsApp has our receipt by then: what is lost here is lost. */
export function followInbound(deviceId: DeviceId, deps: InboundDeps) {
  const { ledger, optOutKeywords, now, onError } = deps;
  let tail: Promise<unknown> = Promise.resolve();
  return {
    follow(message: InboundMessage): void {
      const optsOut = isWish(message) && isOptOut(message.text ?? "", optOutKeywords);
      tail = tail.then(() => ledger.receive(deviceId, message, now(), { optsOut })).catch(onError);
    },
    settled: (): Promise<unknown> => tail,
  };
}

/** What is written in a group is not said to us. */
function isWish({ kind, chat, from }: InboundMessage): boolean {
  return kind === "text" && chat === from;
}
