import { CLASSES } from "./table.ts";

/** A code of the catalog. */
export type ErrorCode = keyof typeof CLASSES;

/** Who has to act: the caller, nobody (it passes), or the owner of the WhatsApp account. */
export type ErrorClass = (typeof CLASSES)[ErrorCode];

/** A field that was refused. */
export interface ValidationEntry {
  readonly field: string;
  readonly message: string;
  readonly value: unknown;
}

export interface ErrorFacts {
  /** A code of the catalog, or one that came after this version; `NO_ANSWER` when none arrived. */
  readonly code: ErrorCode | "NO_ANSWER" | (string & {});
  /** The HTTP status; 0 when no answer arrived. */
  readonly status: number;
  /** For people: it may be reworded. */
  readonly detail: string;
  readonly validation?: readonly ValidationEntry[];
  /** The message that the error is about. */
  readonly messageId?: string;
  /** How long Pombo asks to wait. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A call that failed. Branch on `code`, or on `class`: only what is `transient` passes by itself. */
export class PomboError extends Error implements ErrorFacts {
  override readonly name = "PomboError";
  readonly code: ErrorFacts["code"];
  readonly class: ErrorClass;
  readonly status: number;
  readonly detail: string;
  readonly validation: readonly ValidationEntry[];
  readonly messageId?: string;
  readonly retryAfterMs?: number;

  constructor(facts: ErrorFacts) {
    super(`${facts.code}: ${facts.detail}`, { cause: facts.cause });
    this.code = facts.code;
    this.class = classOf(facts);
    this.status = facts.status;
    this.detail = facts.detail;
    this.validation = facts.validation ?? [];
    if (facts.messageId !== undefined) this.messageId = facts.messageId;
    if (facts.retryAfterMs !== undefined) this.retryAfterMs = facts.retryAfterMs;
  }
}

/** A code that this version does not know counts as its HTTP status does: 4xx is the caller's, everything else passes. */
function classOf({ code, status }: ErrorFacts): ErrorClass {
  if (Object.hasOwn(CLASSES, code)) return CLASSES[code as ErrorCode];
  return status >= 400 && status < 500 && status !== 408 && status !== 429 ? "client" : "transient";
}

/** Reads an answer that is no success. */
export async function errorOf(response: Response, now: number): Promise<PomboError> {
  const { status } = response;
  const body = bodyOf(await response.text());
  const retryAfterMs = readRetryAfter(response.headers.get("retry-after"), now);
  return new PomboError({
    code: typeof body["error_code"] === "string" ? body["error_code"] : `HTTP_${status}`,
    status,
    detail: typeof body["error"] === "string" ? body["error"] : `answered with status ${status}`,
    ...(Array.isArray(body["validation"]) ? { validation: body["validation"] } : {}),
    ...(typeof body["message_id"] === "string" ? { messageId: body["message_id"] } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** What stands between a client and Pombo may answer with something that is not JSON. */
function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Seconds, or a date. */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^[0-9]{1,9}$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
