import type { Device, OutgoingContent, SendOutcome } from "@pombo/device";
import { type Failure, isMedia, type Settings } from "@pombo/domain";
import type { Begun, InHand, Ledger, Outcome, Ownership, Settled } from "@pombo/ledger";
import type { LaneJob } from "@pombo/queue";
import type { Reach } from "./fault-point.ts";
import type { Receipts } from "./follow-receipts.ts";
import { decide, decideFailure, type Decision, type LaneHistory, type Verdict } from "./decide.ts";

export interface JobDeps {
  readonly own: Ownership;
  readonly ledger: Pick<
    Ledger,
    "begin" | "settle" | "recordEvidence" | "rememberRecipient" | "forgetThrottles"
  >;
  readonly device: Pick<
    Device,
    "send" | "showTyping" | "checkRecipient" | "refresh" | "reconnect" | "connectedSince"
  >;
  readonly settings: Settings;
  readonly lane: () => LaneHistory;
  /** May this message's connection be renewed now? At most one renewal per device and `reconnect_gap_ms`. */
  readonly mayReconnect: () => boolean;
  /** Takes a message out of the lane until its media is at WhatsApp. */
  readonly setAside: (job: LaneJob, message: InHand) => Promise<"media" | "ghost" | "fenced">;
  /** Lets nothing else of this process run until the returned function is called. */
  readonly goAlone: () => Promise<() => void>;
  /** Our lease is certainly alive: its end, less the margin, has not come. */
  readonly alive: () => boolean;
  readonly reach: Reach;
  /** The evidence for a message that is being written right now. */
  readonly writing: Receipts["writing"];
  /** The outcome of the job is on its way to Redis: its end and the next job may be asked for behind it. */
  readonly settling: (job: LaneJob) => void;
  readonly now: () => number;
  readonly random: () => number;
  readonly token: () => string;
  readonly signal: AbortSignal;
}

/** What became of a job, for the log and for the lane. */
export interface JobEnd {
  readonly kind:
    | "proved"
    | NonNullable<Extract<Verdict, { kind: "settle" }>["step"]>
    | "absent"
    | "orphan"
    | "suppressed"
    | "expired"
    | "ghost"
    | "fenced"
    | "alone"
    | "media"
    | "reconnecting";
  readonly attempt?: number;
  readonly code?: string;
  /** Of the request that had its message accepted. */
  readonly requestId?: string;
}

/** A message that ended its worker before runs alone, so that it can't take innocent ones with it. */
export async function handleJob(job: LaneJob, deps: JobDeps): Promise<JobEnd> {
  const end = await handle(job, false, deps);
  if (end.kind !== "alone") return end;
  const release = await deps.goAlone();
  try {
    return await handle(job, true, deps);
  } finally {
    release();
  }
}

/** One job, step by step: load and begin → send → classify (inside the device) → next step → settle. */
async function handle(job: LaneJob, alone: boolean, deps: JobDeps): Promise<JobEnd> {
  const token = deps.token();
  const begun = await beginChecked(job, { token, alone }, deps);
  const end = await carryOut(job, { begun, token }, deps);
  const requestId = requestOf(begun);
  return requestId === undefined ? end : { ...end, requestId };
}

function requestOf(begun: Checked): string | undefined {
  if (begun.kind === "failed") return begun.message.requestId;
  return "requestId" in begun ? begun.requestId : undefined;
}

async function carryOut(
  job: LaneJob,
  { begun, token }: { readonly begun: Checked; readonly token: string },
  deps: JobDeps,
): Promise<JobEnd> {
  switch (begun.kind) {
    case "alone":
    case "ghost":
    case "fenced":
      return { kind: begun.kind };
    case "absent":
    case "orphan":
    case "suppressed":
      return settleHopeless(job, begun, deps);
    case "expired":
      return settleExpired(job, begun, deps);
    case "media":
      return { kind: await deps.setAside(job, begun) };
    case "reconnect":
      await deps.device.reconnect("reconcile");
      return { kind: "reconnecting" };
    case "failed":
      return settleFailure(job, begun, deps);
    case "go":
      break;
  }
  deps.reach("begun");
  await showTyping(begun, deps);
  // Time may have passed since the ledger said go; the next owner finds `sending` and reconciles.
  if (!deps.alive()) return { kind: "fenced" };
  const outcome = await deps.device.send(
    { id: job.messageId, jid: jidOf(begun.recipient), content: outgoing(begun) },
    deps.signal,
  );
  return settleOutcome(job, { begun, outcome, token }, deps);
}

async function showTyping({ content, recipient }: InHand, deps: JobDeps): Promise<void> {
  const ms = "typingMs" in content ? (content.typingMs ?? 0) : 0;
  if (ms > 0) await deps.device.showTyping(jidOf(recipient), ms, deps.signal);
}

function outgoing({ content, upload }: InHand): OutgoingContent {
  return isMedia(content) && upload !== undefined ? { ...content, uploaded: upload } : content;
}

type Checked =
  | Exclude<Begun, { kind: "check" }>
  | { readonly kind: "failed"; readonly message: InHand; readonly failure: Failure };

/** Begins the attempt; a recipient that nobody looked up yet is looked up first. */
async function beginChecked(
  job: LaneJob,
  how: { readonly token: string; readonly alone: boolean },
  deps: JobDeps,
): Promise<Checked> {
  const begin = (): Promise<Begun> =>
    deps.ledger.begin(deps.own, {
      ...job,
      ...how,
      now: deps.now(),
      connectedSince: deps.mayReconnect() ? (deps.device.connectedSince() ?? 0) : 0,
    });
  const begun = await begin();
  if (begun.kind !== "check") return begun;
  const found = await deps.device.checkRecipient(begun.recipient);
  switch (found.kind) {
    case "exists":
      await deps.ledger.rememberRecipient(
        begun.recipient,
        found.lid === undefined ? {} : { lid: found.lid },
      );
      break;
    case "absent":
      await deps.ledger.rememberRecipient(begun.recipient, undefined);
      break;
    case "failed":
      return { kind: "failed", message: begun, failure: found.failure };
  }
  const again = await begin();
  if (again.kind !== "check") return again;
  const detail = "what was found out about the recipient was not kept";
  return { kind: "failed", message: again, failure: { code: "DEVICE_ERROR", detail } };
}

/** What can't be sent, whatever is tried. */
const HOPELESS = {
  absent: { code: "RECIPIENT_NOT_ON_WHATSAPP", detail: "the number is not on WhatsApp" },
  suppressed: { code: "RECIPIENT_SUPPRESSED", detail: "the recipient is on the suppression list" },
  orphan: {
    code: "CONFLICT",
    detail: "the message that it changes was never sent from this number",
  },
} as const;

async function settleHopeless(
  job: LaneJob,
  message: Extract<Checked, { kind: keyof typeof HOPELESS }>,
  deps: JobDeps,
): Promise<JobEnd> {
  const failure = HOPELESS[message.kind];
  const settled = await deps.ledger.settle(deps.own, job.messageId, {
    to: "failed",
    now: deps.now(),
    feed: job.feed,
    failure,
  });
  return endOf(settled, { kind: message.kind, attempt: message.number, code: failure.code });
}

/** What may have left is settled by evidence only, until nobody would answer for it any more. */
async function settleExpired(job: LaneJob, message: InHand, deps: JobDeps): Promise<JobEnd> {
  const now = deps.now();
  const given = message.leftAt + deps.settings.reconcile_limit_ms;
  const code = message.mayHaveLeft ? "OUTCOME_UNKNOWN" : "MESSAGE_EXPIRED";
  const failure = { code, detail: "the time of the message is over" } as const;
  const outcome: Outcome = !message.mayHaveLeft
    ? { to: "expired", now, failure }
    : now < given
      ? { to: "unknown", now, failure, wait: { kind: "due", at: given } }
      : { to: "failed", now, failure };
  const settled = await deps.ledger.settle(deps.own, job.messageId, {
    ...outcome,
    feed: job.feed,
  });
  return endOf(settled, { kind: "expired", attempt: message.number, code });
}

async function settleFailure(
  job: LaneJob,
  { message, failure }: { readonly message: InHand; readonly failure: Failure },
  deps: JobDeps,
): Promise<JobEnd> {
  const verdict = decideFailure(failure, { ...decisionOf(message, deps), leftNow: false });
  const settled = await deps.ledger.settle(deps.own, job.messageId, {
    ...verdict.outcome,
    feed: job.feed,
  });
  return endOf(settled, describe(verdict, message.number));
}

async function settleOutcome(
  job: LaneJob,
  attempt: { readonly begun: InHand; readonly outcome: SendOutcome; readonly token: string },
  deps: JobDeps,
): Promise<JobEnd> {
  const { begun, outcome, token } = attempt;
  const verdict = decide(outcome, { ...decisionOf(begun, deps), token });
  if (verdict.kind === "proved") {
    const evidence = { messageId: job.messageId, proves: verdict.proves, now: deps.now() };
    // The ack is being written since it came; what follows stands behind it on the same connection, so a death leaves a prefix.
    const writing = deps.writing(job.messageId);
    if (writing !== undefined) deps.settling(job);
    const settled =
      (await unlessAborted(writing, deps.signal)) ??
      (await deps.ledger.recordEvidence(deps.own.deviceId, evidence));
    if (deps.lane().throttles > 0) await deps.ledger.forgetThrottles(deps.own.deviceId);
    return endOf(settled, { kind: "proved", attempt: begun.number });
  }
  if (verdict.refresh) await deps.device.refresh(jidOf(begun.recipient));
  const settled = await deps.ledger.settle(deps.own, job.messageId, verdict.outcome);
  return endOf(settled, describe(verdict, begun.number));
}

/** Redis may take no writes for long, and another worker have the device meanwhile. */
async function unlessAborted<Value>(
  work: Promise<Value> | undefined,
  signal: AbortSignal,
): Promise<Value | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const leave = (): void => resolve(undefined);
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  try {
    return await Promise.race([work, over]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

function decisionOf(message: InHand, deps: JobDeps): Decision {
  return {
    message,
    lane: deps.lane(),
    settings: deps.settings,
    now: deps.now(),
    jitter: deps.random(),
  };
}

function describe(verdict: Extract<Verdict, { kind: "settle" }>, attempt: number): JobEnd {
  const { failure } = verdict.outcome;
  return {
    kind: verdict.step,
    attempt,
    ...(failure === undefined ? {} : { code: failure.code }),
  };
}

/** Evidence may have settled the message while we waited: that is as good. Only a lost lease is news. */
function endOf(settled: Settled, end: JobEnd): JobEnd {
  return settled.kind === "fenced" ? { kind: "fenced" } : end;
}

export function jidOf(recipient: string): string {
  return recipient.includes("@") ? recipient : `${recipient}@s.whatsapp.net`;
}
