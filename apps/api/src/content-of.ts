import { randomBytes } from "node:crypto";
import { plainContent, type Problem, type SendMessageInput } from "@pombo/contract";
import {
  type DeviceId,
  type Extras,
  type InboundMessage,
  isInboundId,
  isMessageId,
  MEDIA_KINDS,
  type MediaId,
  type MessageContent,
  recipientKey,
  wordsOf,
} from "@pombo/domain";
import type { Ledger, MessageRecord } from "@pombo/ledger";
import type { Caller } from "./authenticate.ts";
import { judge, type JudgeDeps } from "./judge-change.ts";
import { chatJid } from "./render-message.ts";
import { type StageDeps, stageMedia } from "./stage-media.ts";

export interface ContentDeps extends StageDeps {
  readonly ledger: StageDeps["ledger"] & JudgeDeps["ledger"] & Pick<Ledger, "findReceived">;
}

/** The message that a body wants to be sent, and from which device. */
export interface Wanted {
  readonly body: SendMessageInput;
  readonly deviceId: DeviceId;
  readonly caller: Caller;
  /** When it may go, ms since the epoch. */
  readonly goesAt: number;
}

export type ContentRead =
  /** `brought`: media that was kept for this very message. */
  | { readonly kind: "content"; readonly content: MessageContent; readonly brought?: MediaId }
  | { readonly kind: "refused"; readonly problem: Problem };

/** It carries a file, or names one. */
export function bringsFile(body: SendMessageInput): boolean {
  return MEDIA_KINDS.some((name) => body[name] !== undefined);
}

/** What a send body says, as the ledger keeps it. What it quotes or reacts to must be a message of the same chat. */
export async function contentOf(wanted: Wanted, deps: ContentDeps): Promise<ContentRead> {
  const { body } = wanted;
  if (body.reaction !== undefined) return reactionOf(body.reaction, wanted, deps);
  const quoted =
    body.quoted === undefined ? undefined : await findTarget(body.quoted, wanted, deps);
  if (body.quoted !== undefined && quoted === undefined) return absent("quoted.message_id");
  const extras = extrasOf(body, quoted);
  const kind = MEDIA_KINDS.find((name) => body[name] !== undefined);
  const file = kind && body[kind];
  if (kind === undefined || file === undefined)
    return { kind: "content", content: { ...plainContent(body, pollSecret), ...extras } };
  const { caller, goesAt } = wanted;
  const staged = await stageMedia({ kind, file, caller, goesAt }, deps);
  return staged.kind === "refused"
    ? staged
    : { ...staged, content: { ...staged.content, ...extras } };
}

type Reaction = NonNullable<SendMessageInput["reaction"]>;

async function reactionOf(
  reaction: Reaction,
  wanted: Wanted,
  deps: ContentDeps,
): Promise<ContentRead> {
  const found = await findTarget(reaction, wanted, deps);
  if (found === undefined) return absent("reaction.message_id");
  const { id, fromMe, author, own } = found;
  const verdict = own === undefined ? undefined : await judge(own, "reaction", deps);
  if (verdict?.kind === "refused") {
    const { code, detail } = verdict;
    return { kind: "refused", problem: { code, detail } };
  }
  const target = { id, fromMe, ...(author === undefined ? {} : { author }) };
  return { kind: "content", content: { kind: "reaction", target, emoji: reaction.emoji } };
}

function absent(field: string): ContentRead {
  const detail = `${field} names no message of this chat`;
  return { kind: "refused", problem: { code: "MESSAGE_NOT_FOUND", detail } };
}

type Found = NonNullable<Extras["quoted"]> & { readonly own?: MessageRecord };

/** A message of the chat: one of ours, or, by the word of the caller, one of somebody else. */
async function findTarget(
  {
    message_id: id,
    participant,
  }: { readonly message_id: string; readonly participant?: string | undefined },
  { body, deviceId }: Wanted,
  { ledger }: ContentDeps,
): Promise<Found | undefined> {
  const own = isMessageId(id) ? await ledger.findMessage(id) : undefined;
  if (own !== undefined) {
    const here = own.deviceId === deviceId && own.recipient === recipientKey(body.to);
    return here ? { id, fromMe: true, text: wordsOf(own.content), own } : undefined;
  }
  const received = isInboundId(id) ? await ledger.findReceived(deviceId, id) : undefined;
  if (received !== undefined) {
    if (!isOfChat(received, body.to)) return undefined;
    const { from, text, author = chatJid(from) } = received;
    return { id, fromMe: false, author, ...(text === undefined ? {} : { text }) };
  }
  return participant === undefined
    ? undefined
    : { id, fromMe: false, author: chatJid(participant) };
}

/** A person whose number WhatsApp hides in what he writes is taken for the one that is written to. */
function isOfChat({ chat }: InboundMessage, to: SendMessageInput["to"]): boolean {
  return chat === recipientKey(to) || (chat.endsWith("@lid") && to.kind === "user");
}

function extrasOf(body: SendMessageInput, found: Found | undefined): Extras {
  const { mentions, typing_ms: typingMs } = body;
  const { own: _, ...quoted } = found ?? { id: "", fromMe: false };
  return {
    ...(found === undefined ? {} : { quoted }),
    ...(mentions === undefined ? {} : { mentions }),
    ...(typingMs === undefined || typingMs === 0 ? {} : { typingMs }),
  };
}

function pollSecret(): string {
  return randomBytes(32).toString("base64");
}
