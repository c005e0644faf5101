import type { LetterBody, LetterPageBody } from "@pombo/contract";
import {
  catalogRow,
  type Effect,
  effectOf,
  isMessageId,
  type MessageId,
  rowOf,
  wordsOf,
} from "@pombo/domain";
import type {
  LetterCursor,
  LetterFilter,
  LetterHead,
  Ledger,
  MessageRecord,
  TimelineEntry,
} from "@pombo/ledger";
import { instant, json, refuse } from "../answer.ts";
import { type Caller, maySee } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { chatJid, renderMessage } from "../render-message.ts";
import { seesMessage } from "../sees-message.ts";

export interface LettersDeps {
  readonly ledger: Pick<
    Ledger,
    | "batchesAmong"
    | "countLetters"
    | "findBatch"
    | "findMessage"
    | "isLetter"
    | "letterHeads"
    | "viewMessage"
  >;
  readonly now: () => number;
}

export const noLetter = { code: "MESSAGE_NOT_FOUND" } as const;

const SCAN_PAGE = 500;
/** Letters that one request looks at. */
const LIST_SCAN = 5_000;

/** `GET /v1/dead-letters` */
export function listLetters({ ledger }: LettersDeps): Handler<"listLetters"> {
  return async ({ query, caller }) => {
    const limit = Math.max(1, query.limit ?? 100);
    const { found, next } = await collect(ledger, {
      ...(query.cursor === undefined ? {} : { before: readCursor(query.cursor) }),
      limit,
      since: query.since ?? 0,
      wanted: matcher(filterOf(query), caller),
    });
    const messages = await Promise.all(found.map(({ id }) => ledger.findMessage(id)));
    const body: LetterPageBody = {
      success: true,
      dead_letters: messages.flatMap((message, index) =>
        message === undefined ? [] : [summary(message, found[index]?.failedAt ?? 0)],
      ),
      next_cursor: next === undefined ? null : `${next.at}.${next.id}`,
    };
    return json(200, body);
  };
}

/** Looks for letters until there are enough, or enough have been looked at. */
async function collect(
  ledger: Pick<Ledger, "letterHeads">,
  ask: {
    readonly before?: LetterCursor;
    readonly limit: number;
    readonly since: number;
    readonly wanted: (letter: LetterHead) => boolean;
  },
): Promise<{ readonly found: readonly LetterHead[]; readonly next?: LetterCursor }> {
  const found: LetterHead[] = [];
  let rest: LetterCursor | undefined;
  for await (const { letters, next } of pages(ledger, { ...ask, most: LIST_SCAN })) {
    for (const letter of letters) {
      if (letter.failedAt < ask.since) return { found };
      if (ask.wanted(letter)) found.push(letter);
      if (found.length === ask.limit)
        return { found, next: { at: letter.failedAt, id: letter.id } };
    }
    rest = next;
  }
  return rest === undefined ? { found } : { found, next: rest };
}

/** `GET /v1/dead-letters/:id` */
export function getLetter({ ledger, now }: LettersDeps): Handler<"getLetter"> {
  return async ({ params: { id }, caller }) => {
    const message = await visibleMessage(id, caller, ledger);
    if (message === undefined || !(await ledger.isLetter(message.id))) return refuse(noLetter);
    const view = await ledger.viewMessage(message.id, now());
    if (view === undefined) return refuse(noLetter);
    const { effect, failed_at } = summary(view.message, view.message.lastError?.at ?? 0);
    const body: LetterBody = {
      ...renderMessage(view),
      effect,
      failed_at,
      text: wordsOf(view.message.content),
      history: historyOf(view.message.timeline),
    };
    return { ...json(200, body), messageId: message.id };
  };
}

/** The message, unless it does not exist or the key may not see its device. */
export async function visibleMessage(
  id: string,
  caller: Caller,
  ledger: Pick<Ledger, "findBatch" | "findMessage">,
): Promise<MessageRecord | undefined> {
  const message = isMessageId(id) ? await ledger.findMessage(id) : undefined;
  if (message === undefined) return undefined;
  return (await seesMessage(caller, message, { ledger })) ? message : undefined;
}

function summary(message: MessageRecord, failedAt: number): LetterPageBody["dead_letters"][number] {
  const { lastError } = message;
  const code = lastError?.code ?? "SEND_FAILED";
  const detail = lastError?.detail ?? "";
  return {
    message_id: message.id,
    device_id: message.deviceId,
    error_code: code,
    error: detail === "" ? catalogRow(code).says : detail,
    effect: effectOf(code, message.mayHaveLeft),
    failed_at: instant(failedAt),
    chat_jid: chatJid(message.recipient),
    attempts: message.attempts,
    created_at: instant(message.createdAt),
    client_ref: message.clientRef ?? null,
  };
}

/** What each attempt came to: from `sending` to the change that followed. A failure before any attempt stands alone. */
function historyOf(timeline: readonly TimelineEntry[]): LetterBody["history"] {
  const live = timeline.filter(({ late }) => late !== true);
  return live.flatMap((entry, index) => {
    const before = live[index - 1];
    if (before?.status === "sending") return [ended(entry, before)];
    return entry.code === undefined || entry.status === "sending" ? [] : [ended(entry)];
  });
}

function ended(end: TimelineEntry, began?: TimelineEntry): LetterBody["history"][number] {
  return {
    attempt: (began ?? end).attempt ?? 0,
    began_at: began === undefined ? null : instant(began.at),
    ended_at: instant(end.at),
    status: end.status,
    error_code: end.code ?? null,
  };
}

export function filterOf({
  code,
  device_id: deviceId,
  batch_id: batchId,
  effect,
  since,
}: Pick<
  Call<"listLetters">["query"],
  "code" | "device_id" | "batch_id" | "effect" | "since"
>): LetterFilter {
  return {
    ...(code === undefined ? {} : { code }),
    ...(deviceId === undefined ? {} : { deviceId: deviceId as LetterHead["deviceId"] }),
    ...(batchId === undefined ? {} : { batchId }),
    ...(effect === undefined ? {} : { effect }),
    ...(since === undefined ? {} : { since }),
  };
}

export function matcher(filter: LetterFilter, caller: Caller): (letter: LetterHead) => boolean {
  const { code, deviceId, batchId, effect, since = 0 } = filter;
  return (letter) =>
    maySee(caller, letter.deviceId) &&
    (code === undefined || letter.code === code) &&
    (deviceId === undefined || letter.deviceId === deviceId) &&
    (batchId === undefined || rowOf(letter.id).batchId === batchId) &&
    (effect === undefined || effectOfLetter(letter) === effect) &&
    letter.failedAt >= since;
}

/** Whether its message may have arrived. */
export function effectOfLetter({ code, mayHaveLeft }: LetterHead): Effect {
  return effectOf(code ?? "SEND_FAILED", mayHaveLeft);
}

/** Goes through the letters, newest first, page by page, and looks at no more than `most`. */
export async function* pages(
  ledger: Pick<Ledger, "letterHeads">,
  { before, most }: { readonly before?: LetterCursor; readonly most: number },
) {
  let from = before;
  for (let looked = 0; looked < most; looked += SCAN_PAGE) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const page = await ledger.letterHeads({
      limit: SCAN_PAGE,
      ...(from === undefined ? {} : { before: from }),
    });
    yield page;
    from = page.next;
    if (from === undefined) return;
  }
}

export function readCursor(text: string): LetterCursor {
  const [at, id] = text.split(".");
  return { at: Number(at), id: id as MessageId };
}
