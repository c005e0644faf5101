import { randomBytes } from "node:crypto";
import type { Problem, RedrivenBody } from "@pombo/contract";
import { type MessageContent, type MessageId, mintMessageId, reworded } from "@pombo/domain";
import type { Ledger, MessageRecord, NewMessage, Redriven } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { notAccepted } from "../accept-message.ts";
import type { Admission } from "../admission.ts";
import { type Answer, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { feedLane, type FeedPort } from "../feed-lane.ts";
import { renderAccepted } from "../render-message.ts";
import { noLetter, visibleMessage } from "./letters.ts";

export interface RedriveDeps {
  readonly ledger: Pick<
    Ledger,
    "accept" | "discardLetter" | "findMessage" | "nameHeir" | "redrive"
  >;
  readonly admission: Admission;
  readonly lane: FeedPort;
  readonly log: Pick<Log, "error">;
  readonly now: () => number;
}

/** `POST /v1/dead-letters/:id/redrive` */
export function redriveLetter(deps: RedriveDeps): Handler<"redriveLetter"> {
  return async ({ params, caller, body }) => {
    const { ledger, now } = deps;
    const message = await visibleMessage(params.id, caller, ledger);
    if (message === undefined) return refuse(noLetter);
    const { id } = message;
    const noRoom = await deps.admission.refuse("redrive");
    if (noRoom !== undefined) return refuse(noRoom);
    const { text, accept_duplicate: anew } = body;
    const edited = text === undefined ? undefined : reworded(message.content, text);
    if (text !== undefined && edited === undefined) return refuse(noWords(message));
    const redriven = await ledger.redrive(id, now(), edited);
    if (redriven.kind === "redriven") return answer(id, null, ledger);
    const again = anew === true && ANEW.has(redriven.kind);
    return again
      ? sendAnew(message, { edited, keyId: caller.keyId }, deps)
      : refuse({ ...refusals[redriven.kind], messageId: id });
  };
}

function noWords({ content }: MessageRecord): Problem {
  const message = `text can't replace what this message says: it is a ${content.kind}`;
  return { code: "VALIDATION_ERROR", validation: [{ field: "text", message, value: null }] };
}

/** Where the consent to a duplicate helps; `not-a-letter`: its heir may have been named before its answer was lost. */
const ANEW: ReadonlySet<Redriven["kind"]> = new Set(["possible", "other-identity", "not-a-letter"]);

const refusals: Readonly<Record<Exclude<Redriven["kind"], "redriven">, Problem>> = {
  absent: noLetter,
  "not-a-letter": { code: "CONFLICT", detail: "The message is not a dead letter" },
  "no-device": { code: "CONFLICT", detail: "The device of this message was deleted" },
  possible: {
    code: "CONFLICT",
    detail:
      'The message may have arrived: an edited one would be a second message; send "accept_duplicate": true to want that',
  },
  "other-identity": {
    code: "CONFLICT",
    detail:
      'The message may have left under the phone number that the device had before; send "accept_duplicate": true to send it as a new message',
  },
};

/**
 * Sends the content of a letter as a new message. Its id is written into the letter first, so that a repeat after a death at any step
 * goes on with it: named → accepted → letter discarded.
 */
async function sendAnew(
  letter: MessageRecord,
  edit: { readonly edited: MessageContent | undefined; readonly keyId: string },
  deps: RedriveDeps,
): Promise<Answer> {
  const { ledger } = deps;
  const heir = await ledger.nameHeir(letter.id, mintMessageId(randomBytes(9)));
  if (heir === undefined) return refuse({ ...refusals["not-a-letter"], messageId: letter.id });
  const message = heirOf(letter, { ...edit, id: heir, at: deps.now() });
  const accepted = await ledger.accept(message);
  if (accepted.kind !== "accepted" && accepted.kind !== "joined")
    return refuse({ ...notAccepted(accepted), messageId: letter.id });
  if (accepted.kind === "accepted" && accepted.feed !== undefined)
    await feedLane({ deviceId: letter.deviceId, messageId: heir, feed: accepted.feed }, deps);
  await ledger.discardLetter(letter.id);
  return answer(heir, letter.id, ledger);
}

function heirOf(
  letter: MessageRecord,
  {
    id,
    at,
    edited,
    keyId,
  }: Pick<NewMessage, "id" | "at" | "keyId"> & { readonly edited: MessageContent | undefined },
): NewMessage {
  const { deviceId, recipient, content, priority, clientRef, metadata, quietHours } = letter;
  return {
    id,
    at,
    keyId,
    deviceId,
    recipient,
    priority,
    content: edited ?? content,
    ...(clientRef === undefined ? {} : { clientRef }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(quietHours === undefined ? {} : { quietHours }),
  };
}

async function answer(
  id: MessageId,
  replaces: MessageId | null,
  ledger: Pick<Ledger, "findMessage">,
): Promise<Answer> {
  const message = await ledger.findMessage(id);
  if (message === undefined) return refuse(noLetter);
  const body: RedrivenBody = { ...renderAccepted(message), replaces };
  return { ...json(202, body), messageId: id };
}

/** `POST /v1/dead-letters/:id/discard` */
export function discardLetter({
  ledger,
}: {
  readonly ledger: Pick<Ledger, "discardLetter" | "findMessage">;
}): Handler<"discardLetter"> {
  return async ({ params, caller }) => {
    const message = await visibleMessage(params.id, caller, ledger);
    if (message === undefined) return refuse(noLetter);
    return (await ledger.discardLetter(message.id))
      ? json(200, { success: true, message_id: message.id })
      : refuse({ ...refusals["not-a-letter"], messageId: message.id });
  };
}
