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
 * message is written in the order in which it came.
 */
export function followReceipts(deviceId: DeviceId, deps: ReceiptDeps): Receipts {
  const { ledger, places, now, reach, onError } = deps;
  const open = new Map<MessageId, Written>();
  const ending = new AbortController();
  const line = openLine(deps, ending.signal);

  async function record(messageId: MessageId, { proves, member }: Evidence, at: number): Written {
    if (member !== undefined && proves !== "sent")
      await ledger.countReceipt(deviceId, { messageId, member, read: proves !== "delivered" });
    return await ledger.recordEvidence(deviceId, { messageId, proves, now: at });
  }

  function keep(messageId: MessageId, work: () => Written): void {
    const leave = places.take();
    const before = open.get(messageId);
    const written = (before === undefined ? line.write(work) : before.then(() => line.write(work)))
      .catch((error: unknown) => {
        onError(error);
        return undefined;
      })
      .finally(() => {
        leave();
        if (open.get(messageId) === written) open.delete(messageId);
      });
    open.set(messageId, written);
  }

  return {
    follow(evidence) {
      if (evidence.proves === "sent") reach("sent");
      const at = now();
      for (const messageId of evidence.ids.filter(isMessageId))
        // Where Redis takes everything, what is just being written is never too much.
        if (line.stands() && places.full()) onError(new Error(FULL));
        else keep(messageId, () => record(messageId, evidence, at));
    },
    writing: (messageId) => open.get(messageId),
    hurry: () => ending.abort(),
    settled: () => Promise.all(open.values()),
  };
}

const FULL = "Redis refuses writes, and as much as may be is kept already";

/** What Redis refused stands in line, and what comes later behind it: one is tried at a time. */
function openLine({ againMs, onRefused }: ReceiptDeps, signal: AbortSignal) {
  let last: Promise<unknown> | undefined;

  function stand<Done>(work: () => Promise<Done>): Promise<Done> {
    const turn = (last ?? Promise.resolve()).then(() =>
      insist(work, { againMs, signal, onRefused }),
    );
    const over = turn.then(ignore, ignore).finally(() => {
      if (last === over) last = undefined;
    });
    last = over;
    return turn;
  }

  return {
    stands: () => last !== undefined,
    async write<Done>(work: () => Promise<Done>): Promise<Done> {
      if (last !== undefined) return stand(work);
      try {
        return await work();
      } catch (error) {
        if (signal.aborted || !mayPass(error)) throw error;
        onRefused(error);
        return stand(work);
      }
    },
  };
}

function ignore(): void {
  // Whoever stands in line answers for it.
}
