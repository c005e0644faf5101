import { catalogRow, type Dialect, type ErrorCode } from "@pombo/domain";
import { answerOf } from "./dialect.ts";
import type { ValidationEntry } from "./validation.ts";

/** Something that is answered with an error, in whatever dialect. */
export interface Problem {
  readonly code: ErrorCode;
  /** Our own sentence in place of the catalog's; never foreign text, never personal data. */
  readonly detail?: string;
  readonly validation?: readonly ValidationEntry[];
  readonly retryAfterMs?: number;
  /** The methods that the path knows. */
  readonly allow?: readonly string[];
  /** The message that the error is about. */
  readonly messageId?: string;
  /** The batch whose upload the error is about. */
  readonly batchId?: string;
}

export interface ProblemContext {
  readonly now: number;
  /** RFC 9457 in place of the envelope; honoured on native paths only. */
  readonly format?: "envelope" | "problem+json";
}

export interface RenderedProblem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Where a rejected request without a field of its own is reported in the session dialect's `errors`. */
const FIELD_OF: Readonly<Partial<Record<ErrorCode, string>>> = {
  RECIPIENT_NOT_ON_WHATSAPP: "to",
  RECIPIENT_SUPPRESSED: "to",
  INVALID_CHAT_JID: "to",
};

const DEFAULT_RETRY_MS = 5_000;

/** Renders a problem in the envelope of a dialect. A code that the dialect never answers with becomes INTERNAL_ERROR. */
export function renderProblem(
  dialect: Dialect,
  problem: Problem,
  context: ProblemContext,
): RenderedProblem {
  const answer = answerOf(dialect, problem.code);
  if (answer === undefined) return renderProblem(dialect, { code: "INTERNAL_ERROR" }, context);
  if (dialect === "session") return inSession(problem, answer);
  return dialect === "native" && context.format === "problem+json"
    ? asProblemJson(problem, answer, context)
    : inEnvelope(problem, answer, context);
}

interface Answer {
  readonly status: number;
  readonly code: string;
}

function inEnvelope(problem: Problem, answer: Answer, context: ProblemContext): RenderedProblem {
  const body = {
    success: false,
    error: problem.detail ?? catalogRow(problem.code).says,
    error_code: answer.code,
    timestamp: timestamp(context.now),
    ...extras(problem),
  };
  return { status: answer.status, headers: headersOf(problem, answer), body };
}

function asProblemJson(problem: Problem, answer: Answer, context: ProblemContext): RenderedProblem {
  const { says } = catalogRow(problem.code);
  const body = {
    type: `/docs/errors/${answer.code}`,
    title: says,
    status: answer.status,
    detail: problem.detail ?? says,
    error_code: answer.code,
    timestamp: timestamp(context.now),
    ...extras(problem),
  };
  const headers = {
    ...headersOf(problem, answer),
    "Content-Type": "application/problem+json; charset=utf-8",
  };
  return { status: answer.status, headers, body };
}

function inSession(problem: Problem, answer: Answer): RenderedProblem {
  const row = catalogRow(problem.code);
  const message = row.saysInSession ?? problem.detail ?? row.says;
  const headers = headersOf(problem, answer);
  const { status, code } = answer;
  if (code !== "VALIDATION_ERROR")
    return { status, headers, body: { error: { code, message, status } } };

  const entries = problem.validation ?? [];
  const named =
    entries.length === 0 ? [{ field: FIELD_OF[problem.code] ?? "body", message }] : entries;
  const first = named[0]?.message ?? message;
  return {
    status,
    headers,
    body: { message: first + andMore(named.length - 1), errors: byField(named) },
  };
}

function andMore(others: number): string {
  if (others <= 0) return "";
  return ` (and ${others} more error${others === 1 ? "" : "s"})`;
}

function byField(
  entries: readonly Pick<ValidationEntry, "field" | "message">[],
): Record<string, string[]> {
  const errors = new Map<string, string[]>();
  for (const { field, message } of entries)
    errors.set(field, [...(errors.get(field) ?? []), message]);
  return Object.fromEntries(errors);
}

function extras(problem: Problem): Record<string, unknown> {
  return {
    ...(problem.validation === undefined ? {} : { validation: problem.validation }),
    ...(problem.messageId === undefined ? {} : { message_id: problem.messageId }),
    ...(problem.batchId === undefined ? {} : { batch_id: problem.batchId }),
  };
}

function headersOf(problem: Problem, answer: Answer): Record<string, string> {
  const retryMs = problem.retryAfterMs ?? defaultRetry(answer.status);
  return {
    "Content-Type": "application/json; charset=utf-8",
    ...(answer.status === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
    ...(retryMs === undefined
      ? {}
      : { "Retry-After": String(Math.max(1, Math.ceil(retryMs / 1000))) }),
    ...(problem.allow === undefined ? {} : { Allow: problem.allow.join(", ") }),
  };
}

function defaultRetry(status: number): number | undefined {
  return status === 429 || status === 503 ? DEFAULT_RETRY_MS : undefined;
}

/** RFC 3339 UTC, to the second, as the published contract shows it. */
function timestamp(now: number): string {
  return new Date(now).toISOString().replace(/\.\d{3}Z$/, "Z");
}
