import type { Cost } from "./meter.ts";
import type { Numbers } from "./numbers.ts";

/** So many devices send so many messages each, one in flight per device. */
export interface Round {
  readonly devices: number;
  readonly perDevice: number;
  readonly numbers: Numbers;
}

export interface RoundEnd extends Cost {
  readonly messages: number;
  /** Between the first ack and the last. */
  readonly perSecond: number;
  /** From the send to the ack, ms; empty where nobody measured it. */
  readonly latencies: readonly number[];
  /** Read receipts that arrived. */
  readonly read: number;
}
