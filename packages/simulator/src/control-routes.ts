import { BadRequest, fieldsOf, integerOf, textIn } from "./bad-request.ts";
import type { Control } from "./control.ts";
import { phoneRoutes, storyRoute } from "./control-phones.ts";
import { groupRoutes } from "./control-groups.ts";
import { settingsIn } from "./control-settings.ts";
import type { Fault } from "./faults.ts";
import type { Body } from "./http-body.ts";
import { parseLetter } from "./letter-parser.ts";
import type { Limits } from "./limits.ts";
import type { OpenedMedia } from "./phone-media.ts";

export interface Call {
  readonly control: Control;
  readonly limits: Limits;
  /** The number in the path, in digits; empty when the path has none. */
  readonly phone: string;
  /** The other names in the path, by what stands for them in the pattern. */
  readonly names: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Body;
}

export interface Route {
  readonly about: string;
  readonly status?: number;
  readonly answer: (call: Call) => unknown;
  /** The body may carry media. */
  readonly large?: true;
}

/** What the answer of a route is when it is no JSON. */
export class Download {
  readonly media: OpenedMedia;
  constructor(media: OpenedMedia) {
    this.media = media;
  }
}

/** Path pattern → method → what it does; `:name` stands for one part of the path. */
export const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  "/": { GET: { about: "this list", answer: overview } },
  "/admin/mock-phone/scan-qr": {
    POST: {
      about: "a phone scans a QR code: its text, or {qr}; ?phone= chooses the number",
      answer: scan,
    },
  },
  "/admin/mock-phone/enter-code": {
    POST: { about: "a phone enters a pairing code: {phone, code}", answer: enter },
  },
  "/admin/phones": phoneRoutes.all,
  "/admin/phones/:number": phoneRoutes.one,
  "/admin/phones/:number/chats": phoneRoutes.chats,
  "/admin/phones/:number/inbox": phoneRoutes.inbox,
  "/admin/phones/:number/read": phoneRoutes.read,
  "/admin/phones/:number/messages": {
    GET: { about: "what the phone shows; ?sent=true: what its companions sent", answer: messages },
    POST: {
      about:
        "the phone writes: {to (a number or a group's JID), text | image | video | audio | document | sticker: {base64 or size, caption, file_name, mime_type, ptt} | location: {latitude, longitude, name, address} | contact: {name, phone} | poll: {question, options, selectable_count} | reaction: {message_id, emoji} | edit: {message_id, text} | delete: {message_id}, quoted, mentions, id}",
      status: 201,
      large: true,
      answer: ({ control, limits, phone, body }) =>
        control.sendFrom(phone, parseLetter(body.json(), limits)),
    },
  },
  "/admin/phones/:number/messages/:id": {
    GET: { about: "one message, received or sent", answer: message },
  },
  "/admin/phones/:number/messages/:id/media": {
    GET: {
      about: "the bytes of its media, fetched, checked and decrypted by the phone",
      answer: async ({ control, phone, names }) =>
        new Download(await control.mediaOf(phone, names["id"] ?? "")),
    },
  },
  "/admin/groups": groupRoutes.all,
  "/admin/groups/:group": groupRoutes.one,
  "/admin/groups/:group/participants": groupRoutes.participants,
  "/admin/phones/:number/settings": {
    GET: {
      about: "the phone's settings",
      answer: ({ control, phone }) => control.settingsOf(phone),
    },
    POST: {
      about:
        "{on_whatsapp, delivery_receipts, read_receipts, sender_receipts, dedupe, restricted_until, passkey, lid_addressed, delays: {delivered, read}}",
      answer: ({ control, phone, body }) => control.setPhone(phone, settingsIn(body.json())),
    },
  },
  "/admin/keys": {
    GET: {
      about: "?device= (a JID): what the key server holds of it",
      answer: ({ control, query }) => control.keyStock(deviceIn(query.get("device"))),
    },
    POST: {
      about: "{device, left}: hand out its one-time keys until so many are left",
      answer: spendKeys,
    },
  },
  "/admin/faults": {
    GET: { about: "faults that wait", answer: ({ control }) => control.faults().map(written) },
    POST: {
      about: "{on, match, action, times (1 when absent; null: until it is removed)}",
      status: 201,
      answer: ({ control, body }) => written(control.addFault(body.json())),
    },
    DELETE: {
      about: "forget all faults",
      answer: ({ control }) => {
        control.clearFaults();
        return { faults: [] };
      },
    },
  },
  "/admin/faults/:id": { DELETE: { about: "forget one", answer: forgetFault } },
  "/admin/connections": {
    DELETE: {
      about: "cut all sockets",
      answer: async ({ control }) => ({ closed: await control.closeConnections() }),
    },
  },
  "/admin/log": { GET: { about: "what happened after ?after=, in order", answer: log } },
  "/admin/story": storyRoute,
  "/admin/stats": { GET: { about: "counters", answer: ({ control }) => control.stats() } },
  "/admin/trust": {
    GET: {
      about: "root key (base64) and CA (PEM) for clients",
      answer: ({ control }) => control.trust(),
    },
  },
};

function overview(): unknown {
  const list = Object.entries(routes).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { about }]) => ({ method, path, about })),
  );
  return { name: "Pombo simulator", routes: list };
}

function scan({ control, query, body }: Call): unknown {
  const phone = query.get("phone");
  // A `+` in a query string means a blank; numberOf takes both.
  return control.scanQr(qrIn(body), ...(phone === null ? [] : [phone]));
}

/** Whatever the content type says: an object is `{qr}`, anything else the text itself. */
function qrIn(body: Body): string {
  const text = body.text().trim();
  const qr = text.startsWith("{") ? fieldsOf(body.json(), "the body", ["qr"])["qr"] : text;
  return textIn(qr, "the QR code's text", 4_096);
}

function enter({ control, body }: Call): unknown {
  const fields = fieldsOf(body.json(), "the body", ["phone", "code"]);
  return control.enterCode(
    textIn(fields["phone"], "phone", 32),
    textIn(fields["code"], "code", 32),
  );
}

function messages({ control, phone, query }: Call): unknown {
  return query.get("sent") === "true" ? control.sentBy(phone) : control.messagesOf(phone);
}

function message({ control, phone, names }: Call): unknown {
  const { id = "" } = names;
  const found = [...control.messagesOf(phone), ...control.sentBy(phone)].findLast(
    (candidate) => candidate.id === id,
  );
  if (found === undefined) throw new BadRequest("the phone has no message with this id", 404);
  return found;
}

const deviceIn = (value: unknown): string => textIn(value, "device", 64);

function spendKeys({ control, limits, body }: Call): unknown {
  const fields = fieldsOf(body.json(), "the body", ["device", "left"]);
  const left = integerOf(fields["left"], "left", [0, limits.preKeysPerDevice]);
  return control.keyStock(deviceIn(fields["device"]), left);
}

function log({ control, query }: Call): unknown {
  const after = Number(query.get("after") ?? 0);
  const { entries, dropped } = control.log(integerOf(after, "after", [0, Number.MAX_SAFE_INTEGER]));
  // A list, whose first entry says how many are missing before it, if any are.
  return dropped === 0
    ? entries
    : [{ seq: (entries[0]?.seq ?? 1) - 1, kind: "dropped", count: dropped }, ...entries];
}

function forgetFault({ control, names }: Call): unknown {
  const id = integerOf(Number(names["id"]), "the id", [1, Number.MAX_SAFE_INTEGER]);
  control.removeFault(id);
  return { id };
}

function written({ ordered, times, remaining, ...fault }: Fault): unknown {
  const counts = Number.isFinite(times) ? { times, remaining } : { times: null, remaining: null };
  return { ...fault, ...counts, action: ordered };
}
