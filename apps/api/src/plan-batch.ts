import { type CheckedTimes, checkTimes, type Problem } from "@pombo/contract";
import type { BatchSettings, MessageContent } from "@pombo/domain";
import type { BatchRecord } from "@pombo/ledger";
import { instant } from "./answer.ts";
import type { Caller } from "./authenticate.ts";
import type { KeptFile } from "./judge-chunk.ts";
import type { OpenedBatchUpload } from "./open-batch-upload.ts";
import { type SenderDeps, sendersOf } from "./senders.ts";
import { type StageDeps, stageMedia } from "./stage-media.ts";
import { templateContent } from "./template-content.ts";

export interface PlanDeps extends StageDeps {
  readonly ledger: SenderDeps["ledger"] & StageDeps["ledger"];
}

type Wanted = OpenedBatchUpload["wanted"];

/** What a new batch will be. */
export type PlannedBatch =
  | ({ readonly kind: "planned" } & Pick<BatchRecord, "settings" | "deviceIds" | "poolId">)
  | { readonly kind: "refused"; readonly problem: Problem };

/** Judges what is wanted of a batch against the present: its times, its devices, the file of its template. */
export async function planBatch(
  wanted: Wanted,
  caller: Caller,
  deps: PlanDeps,
): Promise<PlannedBatch> {
  const now = deps.now();
  const times = checkTimes(wanted, now);
  if (times.kind === "refused") return { kind: "refused", problem: wrongTime(times, wanted) };
  const senders = await sendersOf(wanted.from, caller, deps);
  if (senders.kind === "refused") return senders;
  const { template } = wanted;
  const goesAt = times.sendAt ?? now;
  const content =
    template === undefined ? undefined : await templateContent({ template, caller, goesAt }, deps);
  if (content?.kind === "refused") return content;
  const { deviceIds, poolId } = senders;
  return {
    kind: "planned",
    settings: settingsOf(wanted, times, content?.content),
    deviceIds,
    ...(poolId === undefined ? {} : { poolId }),
  };
}

function settingsOf(
  wanted: Wanted,
  { sendAt, expiresAt }: Extract<CheckedTimes, { kind: "times" }>,
  template: MessageContent | undefined,
): BatchSettings {
  const quiet = wanted.quiet_hours;
  return {
    from: wanted.from,
    ...(wanted.name === undefined ? {} : { name: wanted.name }),
    ...(template === undefined ? {} : { template }),
    ...(sendAt === undefined ? {} : { sendAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(quiet === undefined ? {} : { quietHours: quietOf(quiet) }),
    ...choicesOf(wanted),
  };
}

function choicesOf(wanted: Wanted) {
  return {
    priority: wanted.priority ?? "bulk",
    dedupe: wanted.dedupe ?? "client_ref",
    onInvalid: wanted.on_invalid ?? "skip",
    start: wanted.start ?? "complete",
  } as const;
}

export function wrongTime(
  { field, message }: Extract<CheckedTimes, { kind: "refused" }>,
  { send_at: sendAt, expires_at: expiresAt }: Wanted,
): Problem {
  const given = field === "send_at" ? sendAt : expiresAt;
  const value = given === undefined ? null : instant(given);
  return { code: "VALIDATION_ERROR", validation: [{ field, message, value }] };
}

type Quiet = NonNullable<BatchSettings["quietHours"]>;

export function quietOf({ from, to, timezone }: NonNullable<Wanted["quiet_hours"]>): Quiet {
  return { from, to, ...(timezone === undefined ? {} : { timezone }) };
}

/** Why a kept file may not be sent; undefined when it may. */
export async function useFile(
  { kind, id }: KeptFile,
  wanted: { readonly caller: Caller; readonly goesAt: number },
  deps: StageDeps,
): Promise<Problem | undefined> {
  const staged = await stageMedia({ kind, file: { media_id: id }, ...wanted }, deps);
  return staged.kind === "refused" ? staged.problem : undefined;
}
