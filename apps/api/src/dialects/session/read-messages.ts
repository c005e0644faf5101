import type { SessionMessageBody } from "@pombo/contract";
import {
  type DeviceId,
  type InboundMessage,
  isInboundId,
  isMessageId,
  recipientKey,
  wordsOf,
} from "@pombo/domain";
import type { InboxCursor, Ledger, MessageRecord } from "@pombo/ledger";
import { json, refuse } from "../../answer.ts";
import { type Caller, maySee } from "../../authenticate.ts";
import type { Call, Handler } from "../../bind-route.ts";
import { renderPage, type Window, windowOf } from "./page.ts";
import { plainRecipient, sessionInstant, sessionStatus } from "./render.ts";

export interface ReadDeps {
  readonly ledger: Pick<
    Ledger,
    "findDevice" | "findMessage" | "findReceived" | "listMessages" | "listReceived"
  >;
}

/** `GET /api/v1/messages/:id`: the id that the send returned, or one that came in. */
export function getSessionMessage({ ledger }: ReadDeps): Handler<"sessionGetMessage"> {
  return async ({ caller, params: { id } }) => {
    const { deviceId } = caller;
    if (deviceId === undefined) return refuse({ code: "NO_SESSION" });
    if (!maySee(caller, deviceId)) return refuse({ code: "DEVICE_NOT_FOUND" });
    const sent = isMessageId(id) ? await ledger.findMessage(id) : undefined;
    if (sent?.deviceId === deviceId) return json(200, { data: renderSent(sent) });
    const received = isInboundId(id) ? await ledger.findReceived(deviceId, id) : undefined;
    return received === undefined
      ? refuse({ code: "MESSAGE_NOT_FOUND" })
      : json(200, { data: renderReceived(received) });
  };
}

type Query = Call<"sessionListMessages">["query"];

/** `GET /api/v1/messages` */
export function listSessionMessages(deps: ReadDeps): Handler<"sessionListMessages"> {
  return async ({ caller, query }) => answerPage(caller, query, { deps, path: "/api/v1/messages" });
}

/** `GET /api/v1/messages/received` */
export function listSessionReceived(deps: ReadDeps): Handler<"sessionListReceived"> {
  return async ({ caller, query }) => {
    const path = "/api/v1/messages/received";
    return answerPage(caller, { ...query, from_me: false }, { deps, path });
  };
}

async function answerPage(
  caller: Caller,
  query: Query,
  { deps, path }: { readonly deps: ReadDeps; readonly path: string },
) {
  const { deviceId } = caller;
  if (deviceId === undefined) return refuse({ code: "NO_SESSION" });
  if (!maySee(caller, deviceId) || (await deps.ledger.findDevice(deviceId)) === undefined)
    return refuse({ code: "DEVICE_NOT_FOUND" });
  const window = windowOf(query.page ?? 1);
  const [sent, received] = await Promise.all([
    query.from_me === false ? [] : readSent(deviceId, { query, window }, deps),
    query.from_me === true ? [] : readReceived(deviceId, { query, window }, deps),
  ]);
  const all = [
    ...sent.map((message) => ({ at: message.createdAt, body: renderSent(message) })),
    ...received.map((message) => ({ at: message.at, body: renderReceived(message) })),
  ].toSorted((a, b) => b.at - a.at);
  const bodies = all.map(({ body }) => body);
  return json(200, renderPage(bodies, { window, path, query: plainQuery(query, path) }));
}

/** What the links of a page repeat. */
function plainQuery(query: Query, path: string): Readonly<Record<string, string>> {
  const { chat_id: chat, from_me: fromMe, type } = query;
  return {
    ...(chat === undefined ? {} : { chat_id: recipientKey(chat) }),
    ...(fromMe === undefined || path.endsWith("received") ? {} : { from_me: String(fromMe) }),
    ...(type === undefined ? {} : { type }),
  };
}

interface Wanted {
  readonly query: Query;
  readonly window: Window;
}

/** Records that one request looks at, of each kind. */
const MOST_LOOKED_AT = 3_000;
const STEP = 200;

/** As many as the page and the ones before it need, and one more, which says that there is a next page. */
async function readSent(
  deviceId: DeviceId,
  { query, window }: Wanted,
  { ledger }: ReadDeps,
): Promise<readonly MessageRecord[]> {
  const found: MessageRecord[] = [];
  let before: number | undefined;
  for (let looked = 0; looked < MOST_LOOKED_AT && found.length <= window.end; looked += STEP) {
    const place = before === undefined ? {} : { before };
    // oxlint-disable-next-line no-await-in-loop -- each step begins where the last one ended
    const page = await ledger.listMessages([deviceId], { ...place, limit: STEP });
    found.push(
      ...page.messages.filter(
        ({ recipient, content }) => isChat(recipient, query) && isType(content.kind, query),
      ),
    );
    before = page.next;
    if (before === undefined) break;
  }
  return found;
}

async function readReceived(
  deviceId: DeviceId,
  { query, window }: Wanted,
  { ledger }: ReadDeps,
): Promise<readonly InboundMessage[]> {
  const found: InboundMessage[] = [];
  let before: InboxCursor | undefined;
  for (let looked = 0; looked < MOST_LOOKED_AT && found.length <= window.end; looked += STEP) {
    const place = before === undefined ? {} : { before };
    // oxlint-disable-next-line no-await-in-loop -- each step begins where the last one ended
    const page = await ledger.listReceived(deviceId, { ...place, limit: STEP });
    found.push(...page.filter(({ chat, kind }) => isChat(chat, query) && isType(kind, query)));
    const last = page.at(-1);
    if (page.length < STEP || last === undefined) break;
    before = { at: last.at, id: last.id };
  }
  return found;
}

function isChat(chat: string, { chat_id: wanted }: Query): boolean {
  return wanted === undefined || chat === recipientKey(wanted);
}

function isType(kind: string, { type }: Query): boolean {
  return type === undefined || typeOf(kind) === type;
}

/** A text is a `chat` in the words of the document. */
function typeOf(kind: string): string {
  return kind === "text" ? "chat" : kind;
}

function renderSent(message: MessageRecord): SessionMessageBody {
  const { id, recipient, content, status, lastError, createdAt } = message;
  const ended = sessionStatus(status) === "failed";
  return {
    id,
    whatsapp_message_id: id,
    direction: "outbound",
    recipient: plainRecipient(recipient),
    sender: null,
    message_type: content.kind,
    content: wordsOf(content),
    status: sessionStatus(status),
    error_message: ended ? (lastError?.code ?? "SEND_FAILED") : null,
    created_at: sessionInstant(createdAt),
  };
}

function renderReceived({ id, from, kind, text, at }: InboundMessage): SessionMessageBody {
  return {
    id,
    whatsapp_message_id: id,
    direction: "inbound",
    recipient: null,
    sender: plainRecipient(from),
    message_type: kind,
    content: text ?? "",
    status: "received",
    error_message: null,
    created_at: sessionInstant(at),
  };
}
