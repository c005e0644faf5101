import { lastFour, mask } from "./mask.ts";

/**
 * A copy that may be logged. Values under a secret's name are removed, under a person's name cut to their last four digits; any
 * other text is masked; errors keep name, code, masked message and stack; bytes become their number. Never throws.
 */
export function redact(value: unknown): unknown {
  try {
    return visit(value, { name: "", depth: 0 });
  } catch {
    return "[unreadable]"; // a getter that throws must not turn a log line into a crash
  }
}

interface Place {
  /** the key it stands under */
  readonly name: string;
  readonly depth: number;
}

const DEEPEST = 6;
const LONGEST_LIST = 100;
const LONGEST_TEXT = 4_096;
const HIDDEN = "[hidden]";

function visit(value: unknown, place: Place): unknown {
  const named = byName(place.name, value);
  if (named !== undefined) return named;
  if (typeof value === "string") return mask(value).slice(0, LONGEST_TEXT);
  if (typeof value === "bigint" || typeof value === "symbol") return mask(String(value));
  if (typeof value === "function") return undefined;
  if (typeof value !== "object" || value === null) return value;
  return place.depth >= DEEPEST ? "[deep]" : visitObject(value, place.depth + 1);
}

function visitObject(value: object, depth: number): unknown {
  if (value instanceof Error) return visitError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return visitEntries([...value], depth);
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, LONGEST_LIST).map((item) => visit(item, { name: "", depth }));
  if ("toJSON" in value && typeof value.toJSON === "function")
    return visit(value.toJSON(), { name: "", depth });
  return visitEntries(Object.entries(value), depth);
}

function visitEntries(entries: [unknown, unknown][], depth: number): Record<string, unknown> {
  const copies = entries.map(([key, item]): [string, unknown] => {
    const name = String(key);
    return [mask(name), visit(item, { name, depth })];
  });
  return Object.fromEntries(copies);
}

function visitError(error: Error, depth: number): Record<string, unknown> {
  const code = "code" in error ? error.code : undefined;
  return {
    name: mask(error.name),
    message: masked(error, error.message),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    stack: masked(error, error.stack ?? ""),
    ...(error.cause === undefined ? {} : { cause: visit(error.cause, { name: "", depth }) }),
  };
}

/** The message of a SyntaxError quotes what could not be parsed, which may be a person's text. */
function masked(error: Error, text: string): string {
  return mask(error instanceof SyntaxError ? text.replaceAll(/(["'`]).*\1/gs, HIDDEN) : text);
}

const SECRET_WORDS = new Set(
  "authorization cookie key keys token tokens secret secrets password text body qr caption".split(
    " ",
  ),
);
const PERSON_WORDS = new Set("to phone phones jid jids lid recipient participant".split(" "));
const PERSON_NAMES = new Set(["number", "numbers"]);
const CODE_NAMES = new Set(["code", "pairing code"]);
// A count or an id of a secret is not the secret.
const MEASURES = new Set("id bytes length chars count ms s at size limit".split(" "));
// A code of the catalog, of a system call or of a protocol. A pairing code is eight signs without an underscore.
const PUBLIC_CODE = /^(?!.{8}$)(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|E[A-Z0-9]{2,15}|[0-9]{1,4})$/;

/** What stands under a telling name, or undefined when the name tells nothing. */
function byName(name: string, value: unknown): unknown {
  if (name === "" || value === null || value === undefined || typeof value === "boolean")
    return undefined;
  const kind = kindOf(name);
  if (kind === "secret") return HIDDEN;
  if (kind === "person") return personBehind(value);
  if (kind === "code") return isPublicCode(value) ? value : HIDDEN;
  return undefined;
}

type Kind = "secret" | "person" | "code" | "plain";

/** Names of fields are few, and are met with every line. */
const KINDS = new Map<string, Kind>();
const MOST_KINDS = 1_000;

function kindOf(name: string): Kind {
  const known = KINDS.get(name);
  if (known !== undefined) return known;
  const kind = findKind(name);
  if (KINDS.size < MOST_KINDS) KINDS.set(name, kind);
  return kind;
}

function findKind(name: string): Kind {
  const words = wordsOf(name);
  const whole = words.join(" ");
  if (CODE_NAMES.has(whole)) return "code";
  if (PERSON_NAMES.has(whole)) return "person";
  if (words.length > 1 && MEASURES.has(words.at(-1) ?? "")) return "plain";
  if (words.some((word) => SECRET_WORDS.has(word))) return "secret";
  return words.some((word) => PERSON_WORDS.has(word)) ? "person" : "plain";
}

function isPublicCode(value: unknown): boolean {
  return (typeof value === "string" || typeof value === "number") && PUBLIC_CODE.test(`${value}`);
}

/** `chatJid`, `chat_jid` and `Chat-JID` are the same two words. */
function wordsOf(name: string): string[] {
  const spaced = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2");
  return spaced
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** The last four digits, with the server of a JID. */
function personBehind(value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint")
    return HIDDEN;
  const [user = "", server] = String(value).split("@", 2);
  const shown = lastFour(user.split(":")[0] ?? "");
  return server !== undefined && /^[a-z.]{1,20}$/.test(server) ? `${shown}@${server}` : shown;
}
