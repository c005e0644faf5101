import { BadRequest, fieldsOf, integerOf, textIn, type Fields } from "./bad-request.ts";
import type {
  AckHint,
  FaultAction,
  FaultMatch,
  FaultName,
  FaultOn,
  FaultOrder,
  StanzaKind,
} from "./faults.ts";
import { isGroupJid } from "./group-jid.ts";
import { formatJid, parseJid, parseNumber } from "./jid.ts";

type ActionKind = FaultAction["kind"];

/** Which actions make sense for which event. */
const actions = {
  message: [
    "no_ack",
    "blackhole",
    "drop",
    "close",
    "close_before_relay",
    "close_after_relay",
    "replaced",
    "unlink",
    "nack",
    "ack_hint",
    "delay",
    "stream_error",
  ],
  // Nobody has said yet who they are.
  handshake: ["stall"],
  iq: ["drop", "blackhole", "close", "replaced", "unlink", "iq_error", "delay", "stream_error"],
  login: ["drop", "blackhole", "close", "failure", "delay", "stream_error"],
  socket: ["drop", "close", "blackhole", "replaced", "unlink", "stream_error"],
  receipt: ["drop", "duplicate", "inactive", "read_first", "retry", "from_lid", "delay"],
  media: ["drop", "close", "delay", "http_status", "garbage"],
  download: ["drop", "close", "delay", "http_status", "garbage"],
  history: ["drop", "refuse", "delay"],
} as const satisfies Record<FaultOn, readonly ActionKind[]>;

const matchFields = {
  message: ["to", "device", "kind"],
  iq: ["device", "xmlns"],
  handshake: [],
  login: ["device"],
  socket: ["device"],
  receipt: ["to", "device"],
  media: ["device"],
  download: [],
  history: ["device"],
} as const satisfies Record<FaultOn, readonly (keyof FaultMatch)[]>;

const code = [100, 999] as const;
const longestDelay = 10 * 60_000;
const mostTimes = 1_000_000;

/** Actions with an argument: `{ [key]: argument }`, and the fields allowed beside the key. */
const withArgument: Record<
  string,
  { beside: readonly string[]; parse: (fields: Fields) => FaultAction }
> = {
  nack: {
    beside: [],
    parse: (fields) => ({ kind: "nack", code: integerOf(fields["nack"], "nack", code) }),
  },
  delay_ms: {
    beside: [],
    parse: (fields) => ({
      kind: "delay",
      ms: integerOf(fields["delay_ms"], "delay_ms", [0, longestDelay]),
    }),
  },
  stream_error: {
    beside: [],
    parse: (fields) => {
      const inner = fieldsOf(fields["stream_error"], "stream_error", ["code"]);
      return { kind: "stream_error", code: integerOf(inner["code"], "stream_error.code", code) };
    },
  },
  failure: {
    beside: ["code", "expire"],
    parse: (fields) => ({
      kind: "failure",
      reason: integerOf(fields["failure"], "failure", code),
      ...(fields["code"] === undefined
        ? {}
        : { code: integerOf(fields["code"], "code", [0, 99_999]) }),
      ...(fields["expire"] === undefined
        ? {}
        : { expire: integerOf(fields["expire"], "expire", [0, 4_102_444_800]) }),
    }),
  },
  iq_error: {
    beside: [],
    parse: (fields) => {
      const inner = fieldsOf(fields["iq_error"], "iq_error", ["code", "text"]);
      const text =
        inner["text"] === undefined ? "error" : textIn(inner["text"], "iq_error.text", 200);
      return { kind: "iq_error", code: integerOf(inner["code"], "iq_error.code", code), text };
    },
  },
  http_status: {
    beside: [],
    parse: (fields) => ({
      kind: "http_status",
      status: integerOf(fields["http_status"], "http_status", [400, 599]),
    }),
  },
  phash: { beside: [], parse: (fields) => ackHint("phash", fields) },
  refresh_lid: { beside: [], parse: (fields) => ackHint("refresh_lid", fields) },
};

function ackHint(hint: AckHint, fields: Fields): FaultAction {
  if (fields[hint] !== true) throw new BadRequest(`${hint} must be true`);
  return { kind: "ack_hint", hint };
}

const argumentKinds = new Set<string>([
  "nack",
  "delay",
  "stream_error",
  "failure",
  "iq_error",
  "ack_hint",
  "http_status",
]);
const names = new Set(
  Object.values(actions)
    .flat()
    .filter((kind) => !argumentKinds.has(kind)),
);

/** The order in a JSON body. Throws {@link BadRequest}. */
export function parseFault(input: unknown, { full }: { full: boolean }): FaultOrder {
  if (full) throw new BadRequest("too many faults are waiting; DELETE /admin/faults first", 429);
  const fields = fieldsOf(input, "a fault", ["on", "match", "action", "times"]);
  const on = parseOn(fields["on"]);
  const action = parseAction(fields["action"]);
  const allowed: readonly ActionKind[] = actions[on];
  if (!allowed.includes(action.kind)) {
    throw new BadRequest(
      `action ${action.kind} does not apply to ${on} (it takes: ${allowed.join(", ")})`,
    );
  }
  return {
    on,
    match: parseMatch(fields["match"] ?? {}, on),
    action,
    ordered: fields["action"],
    times: parseTimes(fields["times"]),
  };
}

/** Null: until it is removed. */
function parseTimes(value: unknown): number {
  if (value === null) return Infinity;
  return value === undefined ? 1 : integerOf(value, "times", [1, mostTimes]);
}

function parseOn(value: unknown): FaultOn {
  if (typeof value === "string" && Object.hasOwn(actions, value)) return value as FaultOn;
  throw new BadRequest(`on must be one of: ${Object.keys(actions).join(", ")}`);
}

function parseAction(value: unknown): FaultAction {
  if (typeof value === "string" && names.has(value as FaultName))
    return { kind: value as FaultName };
  const key =
    typeof value === "object" && value !== null
      ? Object.keys(withArgument).find((name) => name in value)
      : undefined;
  const shape = key === undefined ? undefined : withArgument[key];
  if (key === undefined || shape === undefined) {
    const arguments_ = Object.keys(withArgument).map((name) => `{${name}: …}`);
    throw new BadRequest(`action must be one of: ${[...names, ...arguments_].join(", ")}`);
  }
  return shape.parse(fieldsOf(value, "action", [key, ...shape.beside]));
}

function parseMatch(input: unknown, on: FaultOn): FaultMatch {
  const fields = fieldsOf(input, "match", ["to", "device", "xmlns", "kind"]);
  const useful: readonly string[] = matchFields[on];
  const useless = Object.keys(fields).find((name) => !useful.includes(name));
  if (useless !== undefined)
    throw new BadRequest(
      `match.${useless} does not apply to ${on} (it takes: ${useful.join(", ")})`,
    );
  return {
    ...(fields["to"] === undefined ? {} : { to: accountOf(textIn(fields["to"], "match.to", 64)) }),
    ...(fields["device"] === undefined
      ? {}
      : { device: deviceOf(textIn(fields["device"], "match.device", 64)) }),
    ...(fields["xmlns"] === undefined ? {} : { xmlns: textIn(fields["xmlns"], "match.xmlns", 64) }),
    ...(fields["kind"] === undefined ? {} : { kind: stanzaKindOf(fields["kind"]) }),
  };
}

const stanzaKinds = [
  "text",
  "media",
  "reaction",
  "poll",
  "event",
  "edit",
  "revoke",
  "peer",
] as const satisfies readonly StanzaKind[];

function stanzaKindOf(value: unknown): StanzaKind {
  const found = stanzaKinds.find((kind) => kind === value);
  if (found === undefined)
    throw new BadRequest(`match.kind must be one of: ${stanzaKinds.join(", ")}`);
  return found;
}

function accountOf(text: string): string {
  if (isGroupJid(text)) return text;
  const number = parseJid(text)?.number ?? parseNumber(text);
  if (number === undefined) throw new BadRequest("match.to must be a phone number or a JID");
  return number;
}

/** A number stays a number (all its devices); a JID with a device names one companion. */
function deviceOf(text: string): string {
  const address = parseJid(text);
  if (address === undefined) return accountOf(text);
  return address.device === 0 ? address.number : formatJid({ ...address, space: "pn" });
}
