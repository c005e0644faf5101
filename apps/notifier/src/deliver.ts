import { circuitWait, type DeliveryOutcome, judgeDelivery, type Settings } from "@pombo/domain";
import type { BegunDelivery, Ledger } from "@pombo/ledger";
import { type WebhookJob, type WebhookJobEnd, webhookId } from "@pombo/queue";
import type { Log } from "@pombo/telemetry";
import { type Poster, signatureHeaders } from "@pombo/webhook";

export interface DeliverDeps {
  readonly ledger: Pick<Ledger, "beginDelivery" | "settleDelivery">;
  readonly poster: Pick<Poster, "post">;
  readonly settings: Settings;
  readonly log: Pick<Log, "info">;
  readonly now: () => number;
  /** 0 ≤ … < 1 */
  readonly random: () => number;
  /** Cuts requests that are under way: the process must end. */
  readonly cut: AbortSignal;
}

/** A request that takes its whole time is settled within so much. */
const SETTLE_MS = 5_000;
const BUSY_MS = 250;
const BUSY_CAP_MS = 5_000;
/** Those that wait for the same time don't all come at once. */
const SPREAD_MS = 250;

/** One job: begin → post → judge → settle. */
export async function deliver(job: WebhookJob, deps: DeliverDeps): Promise<WebhookJobEnd> {
  const { ledger, poster, settings, now, random, cut } = deps;
  const began = now();
  const ends = began + settings.webhook_timeout_ms + SETTLE_MS;
  const begun = await ledger.beginDelivery(job, { now: began, ends });
  if (begun.kind !== "post") return putOff(begun, deps);

  const outcome = await unlessCut(poster.post(signed(job, begun, began), cut), cut);
  if (outcome === "cut") return { kind: "later", at: now() };

  const ended = now();
  const { tries, since } = begun;
  const at = { number: tries, since, now: ended, jitter: random() };
  const verdict = judgeDelivery(outcome, at, settings);
  const settled = await ledger.settleDelivery({
    ...job,
    tries,
    now: ended,
    verdict,
    tookMs: ended - began,
    restMs: circuitWait(begun.opens, settings),
    ...resultOf(outcome),
  });
  tell(job, { begun, outcome, verdict: verdict.kind, settled, tookMs: ended - began }, deps);
  return settled === "waits" && verdict.kind === "retry"
    ? { kind: "later", at: verdict.at }
    : { kind: "done" };
}

type ToPost = Extract<BegunDelivery, { kind: "post" }>;

function signed(job: WebhookJob, { url, secrets, body }: ToPost, now: number) {
  const content = { id: webhookId(job), timestamp: Math.floor(now / 1_000), body };
  return { url, body, headers: signatureHeaders(content, secrets) };
}

function putOff(
  begun: Exclude<BegunDelivery, ToPost>,
  { now, random }: Pick<DeliverDeps, "now" | "random">,
): WebhookJobEnd {
  switch (begun.kind) {
    case "later":
      return { kind: "later", at: Math.ceil(begun.at + random() * SPREAD_MS) };
    case "busy": {
      const wait = BUSY_MS + random() * Math.min(BUSY_CAP_MS, begun.open * 10);
      return { kind: "later", at: Math.ceil(now() + wait) };
    }
    case "shelved":
    case "ghost":
      return { kind: "done" };
  }
}

async function unlessCut<Value>(work: Promise<Value>, cut: AbortSignal): Promise<Value | "cut"> {
  try {
    return await work;
  } catch (error) {
    if (cut.aborted) return "cut";
    throw error;
  }
}

function resultOf(outcome: DeliveryOutcome) {
  if (outcome.kind === "unanswered") return { reason: outcome.reason };
  const { status, excerpt } = outcome;
  return excerpt === undefined ? { status } : { status, excerpt };
}

interface Told {
  readonly begun: ToPost;
  readonly outcome: DeliveryOutcome;
  readonly verdict: string;
  readonly settled: string;
  readonly tookMs: number;
}

/** Of an event about a message, as it is rendered. */
const MESSAGE_ID = /"message_id":"([0-9A-F]{22})"/;

function tell(
  job: WebhookJob,
  { begun, outcome, verdict, settled, tookMs }: Told,
  { log }: DeliverDeps,
): void {
  log.info("delivery.tried", {
    endpoint_id: job.endpointId,
    webhook_id: webhookId(job),
    type: begun.type,
    message_id: MESSAGE_ID.exec(begun.body)?.[1],
    tries: begun.tries,
    verdict,
    settled,
    took_ms: tookMs,
    ...(outcome.kind === "answered" ? { http_status: outcome.status } : { reason: outcome.reason }),
  });
}
