import {
  catalogRow,
  DEFAULT_SETTINGS,
  type Dialect,
  type ErrorCode,
  type Settings,
} from "@pombo/domain";
import { z } from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponsesObject,
} from "zod-openapi";
import { answerOf, dialectOf } from "./dialect.ts";
import { errorCode } from "./error-code.ts";
import { idempotencyKey } from "./idempotency-key.ts";
import { type Route, type RouteAnswer, SCOPES } from "./route.ts";
import { routeTable } from "./routes.ts";

/** As much of the document's shape as its readers rely on. */
export interface OpenapiDocument {
  readonly openapi: string;
  readonly paths?: object;
  readonly components?: object;
}

/** The OpenAPI 3.1 document of the route table. */
export function openapiDocument(settings: Settings = DEFAULT_SETTINGS): OpenapiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [name, route] of Object.entries<Route>(routeTable(settings))) {
    const path = route.path.replaceAll(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route) };
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Pombo",
      version: "0.1.0",
      description: "Queue-backed WhatsApp dispatch: sent means acknowledged.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: {
        Problem: problem,
        ProblemDetails: problemDetails,
        SessionProblem: sessionProblem,
        SessionValidation: sessionValidation,
        ErrorCode: errorCode,
      },
      securitySchemes: {
        apiKey: {
          type: "http",
          scheme: "bearer",
          description: `An API key. Scopes: ${SCOPES.join(", ")}.`,
        },
      },
    },
  });
}

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
  })
  .meta({ id: "Problem" });

const problemDetails = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    error_code: errorCode,
    timestamp: z.iso.datetime(),
    validation: validationEntries.optional(),
    message_id: z.string().optional(),
  })
  .meta({ id: "ProblemDetails", description: "RFC 9457" });

const sessionProblem = z
  .object({ error: z.object({ code: z.string(), message: z.string(), status: z.int() }) })
  .meta({ id: "SessionProblem" });

const sessionValidation = z
  .object({ message: z.string(), errors: z.record(z.string(), z.array(z.string())) })
  .meta({ id: "SessionValidation" });

/** In the session dialect a 422 is one of two shapes. */
function problemSchema(dialect: Dialect, codes: readonly ErrorCode[]): z.ZodType {
  if (dialect !== "session") return problem;
  const invalid = codes.map((code) => answerOf(dialect, code)?.code === "VALIDATION_ERROR");
  if (!invalid.includes(true)) return sessionProblem;
  return invalid.includes(false) ? z.union([sessionProblem, sessionValidation]) : sessionValidation;
}

function operationOf(name: string, route: Route): ZodOpenApiOperationObject {
  const { params: path, query } = route;
  const header = headersOf(route);
  return {
    operationId: name,
    summary: route.summary,
    ...(route.auth === "public" ? { security: [] } : { security: [{ apiKey: [] }] }),
    requestParams: {
      ...(path === undefined ? {} : { path }),
      ...(query === undefined ? {} : { query }),
      ...(header === undefined ? {} : { header }),
    },
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: route.bodyOptional !== true,
            content: { "application/json": { schema: route.body } },
          },
        }),
    ...(route.takesBytes === true ? { requestBody: FILE } : {}),
    responses: { ...successesOf(route), ...refusalsOf(route) } as ZodOpenApiResponsesObject,
  };
}

const FILE = {
  required: true,
  content: {
    "application/octet-stream": { schema: {} },
    "*/*": { schema: {} },
    "multipart/form-data": {
      schema: z.object({ file: z.string().meta({ format: "binary" }) }),
    },
  },
};

function headersOf(route: Route): z.ZodObject | undefined {
  const prefer = z.string().optional().meta({
    description: "`wait=N` waits up to N seconds for the outcome; `respond-async` does not wait.",
    example: "wait=10",
  });
  const fields = {
    ...(route.creates === true ? { "Idempotency-Key": idempotencyKey.optional() } : {}),
    ...(route.waits === true ? { Prefer: prefer } : {}),
    ...(route.resumes === true ? { "Last-Event-ID": lastEventId } : {}),
  };
  return Object.keys(fields).length === 0 ? undefined : z.object(fields);
}

const lastEventId = z.string().optional().meta({
  description: "The id of the last event that came; goes before `after`.",
  example: "1767225600000-0",
});

function successesOf(route: Route): Record<string, unknown> {
  const entries = Object.entries(route.answers).map(([status, answer]) => [
    status,
    { description: answer.says, content: contentOf(answer) },
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function contentOf(answer: RouteAnswer): Record<string, unknown> {
  const others = (answer.alternatives ?? []).map((type) => [type, { schema: { type: "string" } }]);
  return {
    ...(answer.schema === undefined ? {} : { "application/json": { schema: answer.schema } }),
    ...(Object.fromEntries(others) as Record<string, unknown>),
  };
}

function refusalsOf(route: Route): Record<string, unknown> {
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
      content: {
        "application/json": { schema: problemSchema(dialectOf(route.path), codes) },
        ...(dialectOf(route.path) === "native"
          ? { "application/problem+json": { schema: problemDetails } }
          : {}),
      },
    },
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** Its own codes, and those that follow from what it takes. */
function codesOf(route: Route): ReadonlySet<ErrorCode> {
  const codes: ErrorCode[] = ["INTERNAL_ERROR", ...route.errors];
  if (route.auth !== "public")
    codes.push("UNAUTHORIZED", "INVALID_API_KEY", "FORBIDDEN", "SERVICE_UNAVAILABLE");
  if (route.params !== undefined || route.query !== undefined) codes.push("VALIDATION_ERROR");
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
