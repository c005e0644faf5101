import type { Evidence } from "@pombo/device";
import { type DeviceId, isMessageId, type MessageId } from "@pombo/domain";
import type { Ledger, Settled } from "@pombo/ledger";
import type { Reach } from "./fault-point.ts";
import { insist } from "./insist.ts";
import { mayPass } from "./may-pass.ts";
import type { Places } from "./places.ts";

export interface Receipts {
  readonly follow: (evidence: Evidence) => void;
  /** What is being written about a message right now; resolves to undefined when it could not be written. */
  readonly writing: (messageId: MessageId) => Promise<Settled | undefined> | undefined;
  /** The device is let go: what Redis refuses is tried once more, and no longer. */
  hurry(): void;
  settled(): Promise<unknown>;
}

export interface ReceiptDeps {
  readonly ledger: Pick<Ledger, "recordEvidence" | "countReceipt">;
  /** Of the process: what is kept takes memory. */
  readonly places: Places;
  /** Between two tries to write what Redis refused. */
  readonly againMs: number;
  readonly now: () => number;
  readonly reach: Reach;
  /** It will be tried again. */
  readonly onRefused: (error: unknown) => void;
  /** It will not. */
  readonly onError: (error: unknown) => void;
}

type Written = Promise<Settled | undefined>;

/**
 * Writes what WhatsApp says about messages: acks and receipts, never fenced, only forward. Ids that aren't ours change nothing. WhatsApp does
 * not say it twice: what Redis refuses, full as it is or its disk, is kept and written once Redis takes it. What is said about one
 * message is written in the order in which it came; and of what was refused, one is tried at a time.
 */
export function followReceipts(deviceId: DeviceId, deps: ReceiptDeps): Receipts {
  const { ledger, places, againMs, now, reach, onRefused, onError } = deps;
  const open = new Map<MessageId, Written>();
  const ending = new AbortController();
  /** The last one of those that were refused. */
  let line: Written | undefined;

  function lost(error: unknown): undefined {
    onError(error);
  }

  async function record(messageId: MessageId, { proves, member }: Evidence, at: number): Written {
    if (member !== undefined && proves !== "sent")
      await ledger.countReceipt(deviceId, { messageId, member, read: proves !== "delivered" });
    return await ledger.recordEvidence(deviceId, { messageId, proves, now: at });
  }

  /** Throws only what another try may mend. */
  async function attempt(work: () => Written): Written {
    try {
      return await work();
    } catch (error) {
      if (mayPass(error)) throw error;
      return lost(error);
    }
  }

  async function write(work: () => Written): Written {
    if (line !== undefined) return standInLine(work);
    try {
      return await attempt(work);
    } catch (error) {
      if (ending.signal.aborted) return lost(error);
      onRefused(error);
      return standInLine(work);
    }
  }

  function standInLine(work: () => Written): Written {
    const turn = (line ?? Promise.resolve())
      .then(() => insist(() => attempt(work), { againMs, signal: ending.signal, onRefused }))
      .catch(lost)
      .finally(() => {
        if (line === turn) line = undefined;
      });
    line = turn;
    return turn;
  }

  return {
    follow(evidence) {
      if (evidence.proves === "sent") reach("sent");
      const at = now();
      for (const messageId of evidence.ids.filter(isMessageId)) {
        // Where Redis takes everything, what is just being written is never too much.
        if (line !== undefined && places.full()) {
          lost(new Error("Redis refuses writes, and as much as may be is kept already"));
          continue;
        }
        const leave = places.take();
        const work = (): Written => record(messageId, evidence, at);
        const before = open.get(messageId);
        const written = (
          before === undefined ? write(work) : before.then(() => write(work))
        ).finally(() => {
          leave();
          if (open.get(messageId) === written) open.delete(messageId);
        });
        open.set(messageId, written);
      }
    },
    writing: (messageId) => open.get(messageId),
    hurry: () => ending.abort(),
    settled: () => Promise.all(open.values()),
  };
}
