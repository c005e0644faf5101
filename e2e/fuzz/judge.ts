import type { FuzzRequest } from "./make-request.ts";

export interface FuzzAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface Rules {
  /** The codes of the catalog. */
  readonly codes: ReadonlySet<string>;
}

/** What must never come out: our inside, or that of what we are made of. */
const INSIDE =
  /node_modules|\.tsx?:\d|\n\s+at |file:\/\/|ECONN|EPIPE|ioredis|bullmq|baileys|express|WRONGTYPE|EVALSHA|NOSCRIPT|\{pombo:|user_script|\.lua|TypeError|RangeError|SyntaxError|ReferenceError|ZodError|is not a function|Cannot read|undefined|\[object /i;

/** Answered before a route is chosen, so by any of them. */
const ANYWHERE = new Set([400, 401, 404, 405, 413, 414, 415, 417, 429, 431, 503]);

/** What is wrong with an answer, or undefined: pure. */
export function judge(
  request: FuzzRequest,
  answer: FuzzAnswer,
  { codes }: Rules,
): string | undefined {
  const { status, text, type } = answer;
  if (request.method === "HEAD" || request.method === "OPTIONS" || status === 204)
    return status >= 500 && status !== 503 ? `answered ${status}` : undefined;
  if (status < 300) return judgeSuccess(request, answer);
  if (status < 400) return `answered ${status}`;
  if (!type.includes("json")) return `an error without JSON: ${type}`;
  const read = readEnvelope(request, answer);
  if (read.kind === "wrong") return read.says;
  if (!codes.has(read.code)) return `the catalog does not know ${read.code}`;
  if (read.code === "INTERNAL_ERROR") return "INTERNAL_ERROR";
  const declared = request.operation.statuses.has(status) || ANYWHERE.has(status);
  if (!declared && request.method === request.operation.method)
    return `${status} ${read.code} is not described`;
  const leak = INSIDE.exec(withoutEcho(text));
  return leak === null ? undefined : `tells ${leak[0]}`;
}

/** A success says so, in its dialect; what is no JSON (QR codes, metrics, streams) is its own. */
function judgeSuccess({ path }: FuzzRequest, { text, type }: FuzzAnswer): string | undefined {
  if (!type.includes("json") || path.startsWith("/openapi.json")) return undefined;
  const body = parse(text);
  const said = path.startsWith("/api/v1")
    ? body?.["data"] !== undefined
    : body?.["success"] === true;
  return said ? undefined : "a success that does not say so";
}

type Envelope =
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "wrong"; readonly says: string };

function readEnvelope(
  { path, headers }: FuzzRequest,
  { status, text, type }: FuzzAnswer,
): Envelope {
  const body = parse(text);
  if (body === undefined) return wrong("an error that is no JSON");
  if (path.startsWith("/api/v1")) return inSession(body, status);
  if (type.includes("problem+json")) {
    if (headers["accept"]?.includes("problem+json") !== true) return wrong("problem+json unasked");
    return body["status"] === status ? codeOf(body["error_code"]) : wrong("another status inside");
  }
  if (body["success"] !== false || typeof body["error"] !== "string" || body["error"] === "")
    return wrong("another envelope");
  return isTime(body["timestamp"]) ? codeOf(body["error_code"]) : wrong("no timestamp");
}

function inSession(body: Readonly<Record<string, unknown>>, status: number): Envelope {
  if (status === 422 && body["errors"] !== undefined)
    return typeof body["message"] === "string"
      ? { kind: "code", code: "VALIDATION_ERROR" }
      : wrong("a session error without a message");
  const error = body["error"] as Readonly<Record<string, unknown>> | undefined;
  if (error?.["status"] !== status) return wrong("another session envelope");
  return codeOf(error["code"]);
}

function codeOf(code: unknown): Envelope {
  return typeof code === "string" ? { kind: "code", code } : wrong("an error without a code");
}

function wrong(says: string): Envelope {
  return { kind: "wrong", says };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value);
}

/** What a client sent may come back to it. */
function withoutEcho(text: string): string {
  return text
    .replaceAll(/"value":"(?:[^"\\]|\\.)*"/g, "")
    .replaceAll(/"field":"(?:[^"\\]|\\.)*"/g, "");
}
