import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { BadRequest, fieldsOf, integerOf, switchOf, textIn } from "./bad-request.ts";
import { numberOf, type Control } from "./control.ts";
import { readBody, type Body } from "./http-body.ts";
import type { Fault } from "./faults.ts";
import type { Limits } from "./limits.ts";
import type { PhoneSettings } from "./phones.ts";

/** The control of a simulator over HTTP, for hands in another process. JSON in, JSON out, `{error}` when it fails. */
interface Call {
  readonly control: Control;
  readonly limits: Limits;
  /** The number in the path, in digits; empty when the path has none. */
  readonly phone: string;
  readonly query: URLSearchParams;
  readonly body: Body;
}

interface Route {
  readonly about: string;
  readonly status?: number;
  readonly answer: (call: Call) => unknown;
}

const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
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
  "/admin/phones/:number/messages": {
    GET: { about: "what the phone shows; ?sent=true: what its companions sent", answer: messages },
    POST: { about: "the phone writes: {to, text}", status: 201, answer: write },
  },
  "/admin/phones/:number/settings": {
    GET: {
      about: "the phone's settings",
      answer: ({ control, phone }) => control.settingsOf(phone),
    },
    POST: {
      about:
        "{on_whatsapp, delivery_receipts, read_receipts, sender_receipts, dedupe, restricted_until, passkey, delays: {delivered, read}}",
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
      about: "{on, match, action, times}",
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
  "/admin/connections": {
    DELETE: {
      about: "cut all sockets",
      answer: async ({ control }) => ({ closed: await control.closeConnections() }),
    },
  },
  "/admin/log": { GET: { about: "what happened after ?after=, in order", answer: log } },
  "/admin/stats": { GET: { about: "counters", answer: ({ control }) => control.stats() } },
  "/admin/trust": {
    GET: {
      about: "root key (base64) and CA (PEM) for clients",
      answer: ({ control }) => control.trust(),
    },
  },
};

export function controlApi(control: Control, limits: Limits): RequestListener {
  return (request, response) => {
    handle(control, limits, request).then(
      ({ status, value }) => reply(response, status, value),
      (error: unknown) => {
        const known = error instanceof BadRequest;
        reply(response, known ? error.status : 500, {
          error: known ? error.message : "the simulator failed",
        });
      },
    );
  };
}

async function handle(
  control: Control,
  limits: Limits,
  request: IncomingMessage,
): Promise<{ status: number; value: unknown }> {
  const url = urlOf(request);
  const { pattern, phone } = find(url.pathname);
  const methods = routes[pattern];
  const route = methods?.[request.method ?? ""];
  if (methods === undefined) throw new BadRequest(`no such path; GET / lists them`, 404);
  if (route === undefined)
    throw new BadRequest(`use ${Object.keys(methods).join(" or ")} here`, 405);
  const body = await readBody(request, limits.httpBodyBytes);
  const call = {
    control,
    limits,
    query: url.searchParams,
    phone: phone === undefined ? "" : numberOf(phone),
    body,
  };
  return { status: route.status ?? 200, value: await route.answer(call) };
}

function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? "/", "http://simulator");
  if (url === null) throw new BadRequest("unreadable URL");
  return url;
}

function find(path: string): { pattern: string; phone?: string } {
  const parts = /^\/admin\/phones\/([^/]+)\/(messages|settings)$/.exec(path);
  if (parts?.[1] === undefined) return { pattern: Object.hasOwn(routes, path) ? path : "" };
  return { pattern: `/admin/phones/:number/${parts[2]}`, phone: decoded(parts[1]) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BadRequest("unreadable number in the path");
  }
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    // The rest of a body that is too long is not waited for.
    ...(status === 413 && { connection: "close" }),
  });
  response.end(body);
}

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

function write({ control, limits, phone, body }: Call): unknown {
  const fields = fieldsOf(body.json(), "the body", ["to", "text", "id"]);
  const id = fields["id"] === undefined ? {} : { id: textIn(fields["id"], "id", 64) };
  const to = textIn(fields["to"], "to", 32);
  return control.sendFrom(phone, {
    to,
    text: textIn(fields["text"], "text", limits.textChars),
    ...id,
  });
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

const written = ({ ordered, ...fault }: Fault): unknown => ({ ...fault, action: ordered });

const longestDelay = 600_000;

const settings: {
  readonly [Name in keyof PhoneSettings]: (value: unknown) => PhoneSettings[Name];
} = {
  on_whatsapp: (value) => switchOf(value, "on_whatsapp"),
  delivery_receipts: (value) => switchOf(value, "delivery_receipts"),
  read_receipts: (value) => switchOf(value, "read_receipts"),
  sender_receipts: (value) => switchOf(value, "sender_receipts"),
  dedupe: (value) => switchOf(value, "dedupe"),
  restricted_until: (value) => integerOf(value, "restricted_until", [0, 4_102_444_800]),
  passkey: (value) => switchOf(value, "passkey"),
  delays: (value) => {
    const fields = fieldsOf(value, "delays", ["delivered", "read"]);
    const entries = Object.entries(fields).map(([name, ms]) => [
      name,
      integerOf(ms, `delays.${name}`, [0, longestDelay]),
    ]);
    return Object.fromEntries(entries) as PhoneSettings["delays"];
  },
};

function settingsIn(input: unknown): Partial<PhoneSettings> {
  const fields = fieldsOf(input, "settings", Object.keys(settings));
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    settings[name as keyof PhoneSettings](value),
  ]);
  return Object.fromEntries(entries) as Partial<PhoneSettings>;
}
