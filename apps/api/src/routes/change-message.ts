import { randomBytes } from "node:crypto";
import { type ChangedMessageBody, type Problem, wrongWords } from "@pombo/contract";
import {
  type ChangeVerdict,
  type MessageContent,
  type MessageId,
  mintMessageId,
  reworded,
} from "@pombo/domain";
import type { Claim, Ledger, MessageRecord, MessageView, NewMessage } from "@pombo/ledger";
import {
  type AcceptDeps,
  answerEarlier,
  keyClaim,
  takeMessage,
  type TakeRequest,
} from "../accept-message.ts";
import { type Answer, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { fingerprintOf, refuseClaim } from "../idempotency.ts";
import { judge, type JudgeDeps } from "../judge-change.ts";
import { renderMessage } from "../render-message.ts";
import { visibleMessage } from "./letters.ts";

export interface ChangeDeps extends AcceptDeps, Pick<JudgeDeps, "settings"> {
  readonly ledger: AcceptDeps["ledger"] &
    Pick<Ledger, "changeTarget" | "findBatch" | "findMessage">;
}

/** `PATCH /v1/messages/:id` */
export function editMessage(deps: ChangeDeps): Handler<"editMessage"> {
  return (call) => changeMessage({ kind: "edit", text: call.body.text }, call, deps);
}

/** `DELETE /v1/messages/:id`: for everyone. */
export function deleteMessage(deps: ChangeDeps): Handler<"deleteMessage"> {
  return (call) => changeMessage({ kind: "delete" }, call, deps);
}

/** A request to change a message: who asks, which one, how it is answered. */
export interface Changing extends Omit<TakeRequest, "body" | "claim"> {
  readonly params: { readonly id: string };
  /** The answer when it was changed where it waits. */
  renderInPlace?(view: MessageView): object;
}

type Change = { readonly kind: "edit"; readonly text: string } | { readonly kind: "delete" };

const absent = { code: "MESSAGE_NOT_FOUND" } as const;
const LOOKS = 5;

/**
 * Changes a message of ours: judge → claim → in its place while it waits, else accept a message of its own that goes after it.
 * A message that moves meanwhile is judged again.
 */
export async function changeMessage(
  change: Change,
  call: Changing,
  deps: ChangeDeps,
): Promise<Answer> {
  const { id } = call.params;
  if (id.trim() === "") return refuse({ code: "MISSING_REQUIRED_FIELDS", validation: [NO_ID] });
  const first = await visibleMessage(id, call.caller, deps.ledger);
  if (first === undefined) return refuse(absent);
  const request = { route: `${change.kind}Message`, ...call, body: { change, id } };
  const verdict = await judge(first, change.kind, deps);
  if (verdict.kind === "refused") return answerEarlier(request, problemOf(verdict, first), deps);
  const wrong =
    change.kind === "edit" ? wrongWords(first.content, change.text, deps.settings) : undefined;
  if (wrong !== undefined) return refuse({ code: "VALIDATION_ERROR", validation: [wrong] });
  const claimed = await claim(request, deps);
  if (claimed.kind === "answer") return claimed.answer;
  deps.reach("claimed");
  let seen: MessageRecord | undefined = first;
  for (let looks = 0; seen !== undefined && looks < LOOKS; looks += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each look is at what the last one missed
    const done = await apply(seen, change, { ...claimed, request, deps });
    if (done !== undefined) return done;
    // oxlint-disable-next-line no-await-in-loop
    seen = await deps.ledger.findMessage(first.id);
  }
  return refuse(
    seen === undefined ? absent : { code: "CONFLICT", detail: "The message is moving" },
  );
}

/** The deletion of another request, which is not accepted yet: it may still come to nothing. */
function twice({ id }: MessageRecord): Problem {
  return { code: "CONFLICT", detail: "Another request is deleting the message", messageId: id };
}

const NO_ID = { field: "id", message: "id is required", value: "" } as const;

interface Turn {
  readonly messageId: MessageId;
  readonly claim?: Claim;
  readonly request: TakeRequest & Pick<Changing, "renderInPlace">;
  readonly deps: ChangeDeps;
}

/** Undefined when the message is not as it was seen. */
async function apply(seen: MessageRecord, change: Change, turn: Turn): Promise<Answer | undefined> {
  const { request, deps, messageId } = turn;
  const verdict = await judge(seen, change.kind, deps);
  if (verdict.kind === "refused") return refuse(problemOf(verdict, seen));
  if (verdict.kind === "in-place") return applyInPlace(seen, change, turn);
  if (change.kind === "delete") {
    const marked = await deps.ledger.changeTarget(
      seen,
      { kind: "deleted-by", messageId },
      deps.now(),
    );
    if (marked === "taken") return refuse(twice(seen));
    if (marked !== "done") return undefined;
  }
  const taken = { ...request, ...(turn.claim === undefined ? {} : { claim: turn.claim }) };
  return takeMessage(taken, changeOf(seen, change, turn), deps);
}

async function applyInPlace(
  seen: MessageRecord,
  change: Change,
  { claim: mine, messageId, request, deps }: Turn,
): Promise<Answer | undefined> {
  const { ledger, now } = deps;
  const content = change.kind === "edit" ? reworded(seen.content, change.text) : undefined;
  if (change.kind === "edit" && content === undefined)
    return refuse({
      code: "CONFLICT",
      detail: `Only words can be edited: the message is a ${seen.content.kind}`,
      messageId: seen.id,
    });
  const move =
    content === undefined ? ({ kind: "cancel" } as const) : ({ kind: "body", content } as const);
  if ((await ledger.changeTarget(seen, move, now())) !== "done") return undefined;
  const view = await ledger.viewMessage(seen.id, now());
  if (view === undefined) return refuse(absent);
  const body: ChangedMessageBody = { ...renderMessage(view), applied: "in_place" };
  const shown = request.renderInPlace?.(view) ?? body;
  const answer = { ...json(200, shown), messageId: seen.id };
  if (mine !== undefined) {
    const { status, headers } = answer;
    await ledger.storeAnswer(mine.digest, messageId, {
      status,
      headers,
      body: answer.body.toString(),
    });
  }
  return answer;
}

/** The message that carries the change: to the same recipient, in the same class, so that it goes after its target. */
function changeOf(
  seen: MessageRecord,
  change: Change,
  { messageId, request, deps }: Turn,
): NewMessage {
  const { deviceId, recipient, priority } = seen;
  const target = { id: seen.id, fromMe: true };
  const content: MessageContent =
    change.kind === "edit"
      ? { kind: "edit", target, text: change.text }
      : { kind: "delete", target };
  const { keyId } = request.caller;
  return { id: messageId, deviceId, recipient, priority, keyId, content, at: deps.now() };
}

type Claimed =
  | { readonly kind: "new"; readonly messageId: MessageId; readonly claim?: Claim }
  | { readonly kind: "answer"; readonly answer: Answer };

async function claim(request: TakeRequest, deps: ChangeDeps): Promise<Claimed> {
  const minted = mintMessageId(randomBytes(9));
  const mine = keyClaim(request);
  if (mine === undefined) return { kind: "new", messageId: minted };
  const fingerprint = fingerprintOf(request.body);
  const now = deps.now();
  const found = await deps.ledger.claim(mine, { fingerprint, messageId: minted, now });
  if (found.kind === "claimed") return { kind: "new", messageId: found.messageId, claim: mine };
  const open = { code: "IDEMPOTENCY_KEY_IN_PROGRESS", retryAfterMs: 1_000 } as const;
  // The first answer again, or the wait of a request that is still open.
  return {
    kind: "answer",
    answer: refuseClaim(found) ?? (await answerEarlier(request, open, deps)),
  };
}

function problemOf(
  { code, detail }: Extract<ChangeVerdict, { kind: "refused" }>,
  { id }: Pick<MessageRecord, "id">,
): Problem {
  return { code, detail, messageId: id };
}
