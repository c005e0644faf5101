import { type ChangeVerdict, judgeChange, type Settings, type TargetChange } from "@pombo/domain";
import type { Ledger, MessageRecord } from "@pombo/ledger";

export interface JudgeDeps {
  readonly ledger: Pick<Ledger, "findMessage" | "findDevice">;
  readonly settings: Settings;
  readonly now: () => number;
}

/** What the rule says of changing a message of ours, as it is now. */
export async function judge(
  message: MessageRecord,
  change: TargetChange,
  { ledger, settings, now }: JudgeDeps,
): Promise<ChangeVerdict> {
  const [deletion, device] = await Promise.all([
    message.deletedBy === undefined ? undefined : ledger.findMessage(message.deletedBy),
    ledger.findDevice(message.deviceId),
  ]);
  const sentAt = sentAtOf(message);
  return judgeChange(
    {
      kind: message.content.kind,
      status: message.status,
      mayHaveLeft: message.mayHaveLeft,
      deleted: deletion !== undefined && (deletion.mayHaveLeft || !GONE.has(deletion.status)),
      sameIdentity: device?.generation === message.generation,
      ...(sentAt === undefined ? {} : { sentAt }),
    },
    change,
    { now: now(), settings },
  );
}

/** When WhatsApp had it, as far as is known. */
export function sentAtOf({ timeline }: MessageRecord): number | undefined {
  return timeline.find(({ status }) => PROVEN.has(status))?.at;
}

const PROVEN: ReadonlySet<string> = new Set(["sent", "delivered", "read", "played"]);
const GONE: ReadonlySet<string> = new Set(["failed", "expired", "canceled"]);
