import { BadRequest, fieldsOf, integerOf, textIn } from "./bad-request.ts";
import type { Call } from "./control-routes.ts";

/** Phones as a person sees them, in the control API. */
const mostAtOnce = 1_000;

export const phoneRoutes = {
  all: {
    GET: {
      about: "the phones, those with the latest message first; ?cursor=&limit=",
      answer: ({ control, query }: Call) => control.phones(pageIn(query)),
    },
    POST: {
      about: "{number}: a new phone; without a number, one that nobody has",
      status: 201,
      answer: addPhone,
    },
  },
  one: {
    GET: { about: "one phone", answer: ({ control, phone }: Call) => control.phone(phone) },
  },
  chats: {
    GET: {
      about: "its chats, the latest first; ?cursor=&limit=",
      answer: ({ control, phone, query }: Call) => control.chats(phone, pageIn(query)),
    },
  },
  inbox: {
    GET: {
      about: "its messages, the latest first; ?chat= (a number or a group's JID)&cursor=&limit=",
      answer: ({ control, phone, query }: Call) =>
        control.inbox(phone, { ...pageIn(query), chat: query.get("chat") ?? undefined }),
    },
  },
  read: {
    POST: { about: "{chat}: opens a chat and tells the authors that it was read", answer: read },
  },
} as const;

export const storyRoute = {
  GET: {
    about:
      "what happened, without what is technical, numbers in place of JIDs; ?after= (absent: the latest)&id= (of a message)&limit=",
    answer: ({ control, query }: Call) =>
      control.story({
        after: wholeIn(query, "after", [0, Number.MAX_SAFE_INTEGER]),
        id: query.get("id") ?? undefined,
        limit: wholeIn(query, "limit", [1, mostAtOnce]) ?? mostAtOnce,
      }),
  },
} as const;

function addPhone({ control, body }: Call): unknown {
  const { number } = fieldsOf(body.json(), "the body", ["number"]);
  return control.addPhone(number === undefined ? undefined : textIn(number, "number", 32));
}

function read({ control, phone, body }: Call): unknown {
  const { chat } = fieldsOf(body.json(), "the body", ["chat"]);
  return { read: control.readChat(phone, textIn(chat, "chat", 64)) };
}

function pageIn(query: URLSearchParams) {
  const cursor = query.get("cursor") ?? undefined;
  if (cursor !== undefined && !/^[0-9A-Z:.~-]{1,64}$/.test(cursor))
    throw new BadRequest("cursor must be the next of an earlier answer");
  return { cursor, limit: wholeIn(query, "limit", [1, mostAtOnce]) ?? 100 };
}

function wholeIn(
  query: URLSearchParams,
  name: string,
  range: readonly [number, number],
): number | undefined {
  const text = query.get(name);
  return text === null ? undefined : integerOf(Number(text), name, range);
}
