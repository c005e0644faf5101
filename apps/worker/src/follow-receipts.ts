import type { Evidence } from "@pombo/device";
import { type DeviceId, isMessageId, type MessageId } from "@pombo/domain";
import type { Reach } from "./fault-point.ts";
import type { Ledger, Settled } from "@pombo/ledger";

export interface Receipts {
  readonly follow: (evidence: Evidence) => void;
  /** What is being written about a message right now; resolves to undefined when it could not be written. */
  readonly writing: (messageId: MessageId) => Promise<Settled | undefined> | undefined;
  settled(): Promise<unknown>;
}

/** Writes what WhatsApp says about messages: acks and receipts, never fenced, only forward. Ids that aren't ours change nothing. */
export function followReceipts(
  deviceId: DeviceId,
  deps: {
    readonly ledger: Pick<Ledger, "recordEvidence" | "countReceipt">;
    readonly now: () => number;
    readonly reach: Reach;
    readonly onError: (error: unknown) => void;
  },
): Receipts {
  const open = new Map<MessageId, Promise<Settled | undefined>>();
  const write = async (
    messageId: MessageId,
    { proves, member }: Evidence,
  ): Promise<Settled | undefined> => {
    try {
      if (member !== undefined && proves !== "sent")
        await deps.ledger.countReceipt(deviceId, {
          messageId,
          member,
          read: proves !== "delivered",
        });
      return await deps.ledger.recordEvidence(deviceId, { messageId, proves, now: deps.now() });
    } catch (error) {
      deps.onError(error);
      return undefined;
    }
  };
  return {
    follow(evidence) {
      if (evidence.proves === "sent") deps.reach("sent");
      for (const messageId of evidence.ids.filter(isMessageId)) {
        const written = write(messageId, evidence).finally(() => {
          if (open.get(messageId) === written) open.delete(messageId);
        });
        open.set(messageId, written);
      }
    },
    writing: (messageId) => open.get(messageId),
    settled: () => Promise.all(open.values()),
  };
}
