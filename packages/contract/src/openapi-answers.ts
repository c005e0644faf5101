import { catalogRow, ERROR_CODES, type ErrorCode } from "@pombo/domain";
import { z } from "zod";
import type { ZodOpenApiResponsesObject } from "zod-openapi";
import { answerOf, dialectOf } from "./dialect.ts";
import { errorCode } from "./error-code.ts";
import type { DescribedRoute, RouteAnswer } from "./route.ts";

// What a route answers, as OpenAPI has it: its successes, and every error that it may meet in the envelope of its dialect.

const validationEntries = z.array(
  z.object({ field: z.string(), message: z.string(), value: z.unknown() }),
);

const problem = z
  .object({
    success: z.literal(false),
    error: z.string().meta({ description: "For people only; it may be reworded." }),
    error_code: errorCode,
    timestamp: z.iso.datetime(),
    validation: validationEntries.optional(),
    message_id: z.string().optional(),
    batch_id: z.string().optional(),
  })
  .meta({ id: "Problem" });

const problemDetails = z
  .object({
    type: z.string().meta({ description: "The page of the code.", format: "uri-reference" }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    error_code: errorCode,
    timestamp: z.iso.datetime(),
    validation: validationEntries.optional(),
    message_id: z.string().optional(),
    batch_id: z.string().optional(),
  })
  .meta({ id: "ProblemDetails", description: "RFC 9457" });

const sessionCodes = new Set(
  ERROR_CODES.flatMap((code) => answerOf("session", code)?.code ?? [])
    .filter((code) => code !== "VALIDATION_ERROR")
    .toSorted(),
);

const sessionProblem = z
  .object({
    error: z.object({
      code: z.enum([...sessionCodes]).meta({ id: "SessionErrorCode" }),
      message: z.string(),
      status: z.int(),
    }),
  })
  .meta({ id: "SessionProblem" });

const sessionValidation = z
  .object({ message: z.string(), errors: z.record(z.string(), z.array(z.string())) })
  .meta({ id: "SessionValidation" });

export const PROBLEM_SCHEMAS = {
  Problem: problem,
  ProblemDetails: problemDetails,
  SessionProblem: sessionProblem,
  SessionValidation: sessionValidation,
  ErrorCode: errorCode,
};

const text = { type: "string" } as const;

export const ANSWER_HEADERS = {
  RequestId: { description: "Names this request in the log.", schema: text },
  RateLimit: {
    description:
      "What is left of the key's requests (`r`), and the seconds until there are more (`t`).",
    schema: text,
    example: '"key";r=599;t=60',
  },
  RateLimitPolicy: {
    description: "The requests of a key (`q`) in a window of so many seconds (`w`).",
    schema: text,
    example: '"key";q=600;w=60',
  },
  RetryAfter: { description: "Seconds to wait.", schema: { type: "integer", minimum: 1 } },
  IdempotentReplayed: {
    description: "`true`: the stored answer to the first request with this Idempotency-Key.",
    schema: { type: "string", const: "true" },
  },
  Challenge: { description: "How to show a key.", schema: text, example: "Bearer" },
} as const;

function header(name: keyof typeof ANSWER_HEADERS): { readonly $ref: string } {
  return { $ref: `#/components/headers/${name}` };
}

function headersOf(route: DescribedRoute): Record<string, object> {
  return {
    "X-Request-Id": header("RequestId"),
    ...(takesKey(route)
      ? { RateLimit: header("RateLimit"), "RateLimit-Policy": header("RateLimitPolicy") }
      : {}),
  };
}

function takesKey({ auth }: DescribedRoute): boolean {
  return auth !== "public" && auth !== "session";
}

/** The answers of a route by status. Where a status is both a success and an error, the success is told. */
export function answersOf(route: DescribedRoute): ZodOpenApiResponsesObject {
  return { ...refusalsOf(route), ...successesOf(route) } as ZodOpenApiResponsesObject;
}

function successesOf(route: DescribedRoute): Record<string, unknown> {
  const replayed =
    route.creates === true ? { "Idempotent-Replayed": header("IdempotentReplayed") } : {};
  const entries = Object.entries(route.answers).map(([status, answer]) => [
    status,
    {
      description: answer.says,
      headers: { ...headersOf(route), ...replayed },
      ...(status === "204" ? {} : { content: contentOf(answer) }),
    },
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function contentOf(answer: RouteAnswer): Record<string, unknown> {
  const others = (answer.alternatives ?? []).map((type) => [type, mediaOf(type)]);
  return {
    ...(answer.schema === undefined ? {} : { "application/json": { schema: answer.schema } }),
    ...(Object.fromEntries(others) as Record<string, unknown>),
  };
}

const STREAM =
  "Server-sent events: `data` is an Event, `id` its cursor. `event: gap` tells that older events are no longer kept, `event: closing` and `event: ended` that the stream ends.";

/** Text is a string; bytes have no schema in OpenAPI 3.1. */
function mediaOf(type: string): object {
  if (type === "text/event-stream") return { schema: { ...text, description: STREAM } };
  return type.startsWith("text/") ? { schema: text } : {};
}

function refusalsOf(route: DescribedRoute): Record<string, unknown> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codesOf(route)) {
    const answer = answerOf(dialectOf(route.path), code);
    if (answer !== undefined)
      byStatus.set(answer.status, [...(byStatus.get(answer.status) ?? []), code]);
  }
  const entries = [...byStatus].map(([status, codes]) => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\`: ${catalogRow(code).says}`).join("\n\n"),
      headers: {
        ...headersOf(route),
        ...(status === 429 || status === 503 ? { "Retry-After": header("RetryAfter") } : {}),
        ...(status === 401 ? { "WWW-Authenticate": header("Challenge") } : {}),
      },
      content: problemContent(route, codes),
    },
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function problemContent(
  route: DescribedRoute,
  codes: readonly ErrorCode[],
): Record<string, unknown> {
  const dialect = dialectOf(route.path);
  const named = [...new Set(codes.map((code) => answerOf(dialect, code)?.code ?? code))];
  if (dialect === "session") return { "application/json": { schema: sessionSchema(named) } };
  const own = { properties: { error_code: { enum: named } } };
  const holding = (name: string) => ({ allOf: [schema(name), own] });
  return {
    "application/json": { schema: holding("Problem") },
    ...(dialect === "native"
      ? { "application/problem+json": { schema: holding("ProblemDetails") } }
      : {}),
  };
}

/** In the session dialect a 422 is one of two shapes. */
function sessionSchema(named: readonly string[]): object {
  const codes = named.filter((code) => code !== "VALIDATION_ERROR");
  const invalid = named.length === codes.length ? [] : [schema("SessionValidation")];
  const own = { properties: { error: { properties: { code: { enum: codes } } } } };
  const coded = codes.length === 0 ? [] : [{ allOf: [schema("SessionProblem"), own] }];
  return { oneOf: [...coded, ...invalid] };
}

function schema(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** Its own codes, and those that follow from what it takes. */
function codesOf(route: DescribedRoute): ReadonlySet<ErrorCode> {
  const codes: ErrorCode[] = ["INTERNAL_ERROR", ...route.errors];
  if (route.auth === "session") codes.push("UNAUTHORIZED", "SERVICE_UNAVAILABLE");
  if (takesKey(route))
    codes.push(
      "UNAUTHORIZED",
      "INVALID_API_KEY",
      "FORBIDDEN",
      "RATE_LIMITED",
      "SERVICE_UNAVAILABLE",
    );
  if (route.params !== undefined || route.query !== undefined) codes.push("VALIDATION_ERROR");
  if (route.creates === true) codes.push("VALIDATION_ERROR");
  if (route.body !== undefined)
    codes.push(
      "INVALID_JSON",
      "INVALID_REQUEST_FORMAT",
      "VALIDATION_ERROR",
      "PAYLOAD_TOO_LARGE",
      "UNSUPPORTED_MEDIA_TYPE",
    );
  return new Set(codes);
}
