import type { DeviceId, InboundMessage } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";

export interface InboundDeps {
  readonly ledger: Pick<Ledger, "receive">;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Writes what others sent to a device, in the order in which it came. WhatsApp has our receipt by then: what is lost here is lost. */
export function followInbound(deviceId: DeviceId, { ledger, now, onError }: InboundDeps) {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    follow(message: InboundMessage): void {
      tail = tail.then(() => ledger.receive(deviceId, message, now())).catch(onError);
    },
    settled: (): Promise<unknown> => tail,
  };
}
