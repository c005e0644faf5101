import { type Problem, type RedrivenBody, wrongWords } from "@pombo/contract";
import {
  isMedia,
  type MessageContent,
  type MessageId,
  reworded,
  type Settings,
} from "@pombo/domain";
import { type Ledger, type MessageRecord, type Redriven, sendAnew } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { notAccepted } from "../accept-message.ts";
import type { Admission } from "../admission.ts";
import { type Answer, json, refuse } from "../answer.ts";
import type { Call, Handler } from "../bind-route.ts";
import { feedLane, type FeedPort } from "../feed-lane.ts";
import { renderAccepted } from "../render-message.ts";
import { type StageDeps, stageMedia } from "../stage-media.ts";
import { noLetter, visibleMessage } from "./letters.ts";

export interface RedriveDeps extends StageDeps {
  readonly ledger: StageDeps["ledger"] &
    Pick<Ledger, "accept" | "discardLetter" | "findBatch" | "findMessage" | "nameHeir" | "redrive">;
  readonly settings: Settings;
  readonly admission: Admission;
  readonly lane: FeedPort;
  readonly log: Pick<Log, "error">;
  readonly now: () => number;
}

/** `POST /v1/dead-letters/:id/redrive` */
export function redriveLetter(deps: RedriveDeps): Handler<"redriveLetter"> {
  return async (call) => {
    const { params, caller, body } = call;
    const { ledger, now } = deps;
    const message = await visibleMessage(params.id, caller, ledger);
    if (message === undefined) return refuse(noLetter);
    const { id } = message;
    const noRoom = await deps.admission.refuse("redrive");
    if (noRoom !== undefined) return refuse(noRoom);
    const edit = await editOf(message, call, deps);
    if (edit.kind === "refused") return refuse({ ...edit.problem, messageId: id });
    const { edited } = edit;
    const { accept_duplicate: anew } = body;
    const redriven = await ledger.redrive(id, now(), edited);
    if (redriven.kind === "redriven") return answer(id, null, ledger);
    const again = anew === true && ANEW.has(redriven.kind);
    return again
      ? redriveAnew(message, { edited, keyId: caller.keyId }, deps)
      : refuse({ ...refusals[redriven.kind], messageId: id });
  };
}

type Edit =
  | { readonly kind: "edit"; readonly edited: MessageContent | undefined }
  | { readonly kind: "refused"; readonly problem: Problem };

/** What the letter says from now on: other words, another file; undefined as content when nothing is to be changed. */
async function editOf(
  { content }: MessageRecord,
  { body, caller }: Call<"redriveLetter">,
  deps: RedriveDeps,
): Promise<Edit> {
  const { text, url, media_id } = body;
  if (text === undefined && url === undefined && media_id === undefined)
    return { kind: "edit", edited: undefined };
  let edited: MessageContent | undefined = content;
  if (text !== undefined) {
    const wrong = wrongWords(content, text, deps.settings);
    if (wrong !== undefined) return unfit(wrong);
    edited = reworded(content, text);
    if (edited === undefined) return unfit(noEdit("text", content));
  }
  if (url === undefined && media_id === undefined) return { kind: "edit", edited };
  if (!isMedia(edited)) return unfit(noEdit(url === undefined ? "media_id" : "url", content));
  // Its declared type was that of the old file.
  const { mimeType: _, ...kept } = edited;
  const file = { url, media_id };
  const staged = await stageMedia({ kind: edited.kind, file, caller, goesAt: deps.now() }, deps);
  if (staged.kind === "refused") return staged;
  return { kind: "edit", edited: { ...kept, media: staged.content.media } };
}

function unfit(entry: NonNullable<Problem["validation"]>[number]): Edit {
  return { kind: "refused", problem: { code: "VALIDATION_ERROR", validation: [entry] } };
}

function noEdit(field: string, { kind }: MessageContent) {
  const message = `${field} can't replace what this message says: it is a message of kind ${kind}`;
  return { field, message, value: null };
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

/** Sends the content of a letter as a new message. */
async function redriveAnew(
  letter: MessageRecord,
  { edited, keyId }: { readonly edited: MessageContent | undefined; readonly keyId: string },
  deps: RedriveDeps,
): Promise<Answer> {
  const { ledger, now } = deps;
  const content = edited === undefined ? {} : { content: edited };
  const sent = await sendAnew(letter, { ...content, keyId, now: now() }, ledger);
  if (sent.kind === "not-a-letter")
    return refuse({ ...refusals["not-a-letter"], messageId: letter.id });
  if (sent.kind === "refused")
    return refuse({ ...notAccepted(sent.accepted), messageId: letter.id });
  const { heir, feed } = sent;
  if (feed !== undefined)
    await feedLane({ deviceId: letter.deviceId, messageId: heir, feed }, deps);
  return answer(heir, letter.id, ledger);
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
  readonly ledger: Pick<Ledger, "discardLetter" | "findBatch" | "findMessage">;
}): Handler<"discardLetter"> {
  return async ({ params, caller }) => {
    const message = await visibleMessage(params.id, caller, ledger);
    if (message === undefined) return refuse(noLetter);
    return (await ledger.discardLetter(message.id))
      ? json(200, { success: true, message_id: message.id })
      : refuse({ ...refusals["not-a-letter"], messageId: message.id });
  };
}
