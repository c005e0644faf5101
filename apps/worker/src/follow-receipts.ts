import type { Evidence } from "@pombo/device";
import { type DeviceId, isMessageId } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";

/** Writes what WhatsApp says about messages: acks and receipts, never fenced, only forward. Ids that aren't ours change nothing. */
export function followReceipts(
  deviceId: DeviceId,
  deps: {
    readonly ledger: Pick<Ledger, "recordEvidence">;
    readonly now: () => number;
    readonly onError: (error: unknown) => void;
  },
): { readonly follow: (evidence: Evidence) => void; settled(): Promise<unknown> } {
  const open = new Set<Promise<unknown>>();
  return {
    follow({ ids, proves }) {
      for (const messageId of ids.filter(isMessageId)) {
        const written = deps.ledger
          .recordEvidence(deviceId, { messageId, proves, now: deps.now() })
          .catch(deps.onError)
          .finally(() => open.delete(written));
        open.add(written);
      }
    },
    settled: () => Promise.all(open),
  };
}
