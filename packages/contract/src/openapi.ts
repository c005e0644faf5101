import { DEFAULT_SETTINGS, type Settings } from "@pombo/domain";
import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject } from "zod-openapi";
import { CONSOLE_ROUTES } from "./console-routes.ts";
import { dialectOf } from "./dialect.ts";
import { idempotencyKey } from "./idempotency-key.ts";
import { ANSWER_HEADERS, answersOf, PROBLEM_SCHEMAS } from "./openapi-answers.ts";
import { type DescribedRoute, SCOPES } from "./route.ts";
import { routeTable } from "./routes.ts";

/** As much of the document's shape as its readers rely on. */
export interface OpenapiDocument {
  readonly openapi: string;
  readonly paths?: object;
  readonly components?: object;
}

/** The OpenAPI 3.1 document of the route table, and of the console's session. */
export function openapiDocument(settings: Settings = DEFAULT_SETTINGS): OpenapiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  const routes = { ...routeTable(settings), ...CONSOLE_ROUTES };
  for (const [name, route] of Object.entries<DescribedRoute>(routes)) {
    const path = route.path.replaceAll(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route) };
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Pombo",
      version: "0.1.0",
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: TAGS,
    paths,
    components: {
      schemas: PROBLEM_SCHEMAS,
      headers: ANSWER_HEADERS,
      securitySchemes: SECURITY,
    },
  });
}

const ABOUT = `Queue-backed WhatsApp dispatch: sent means acknowledged.

Three dialects speak to one core: native (\`/v1\`), wuts (at the root) and session (\`/api/v1\`). Every error has a code of one catalog:
\`GET /v1/errors\`, with a page for each at \`/docs/errors/CODE\`. Branch on the code, or on its class; treat a code that you don't know like
its HTTP status.`;

const SECURITY = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    description: `An API key. Scopes: ${SCOPES.join(", ")}.`,
  },
  bareKey: {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description: "The wuts dialect also takes the key alone, without `Bearer`.",
  },
  consoleSession: {
    type: "apiKey",
    in: "cookie",
    name: "pombo_console",
    description:
      "Set by signing in to the console. It stands for the key, also under `/v1`, in requests of the console's own pages only: `Sec-Fetch-Site` must say so, and `Origin` where something may change.",
  },
} as const;

function securityOf(route: DescribedRoute): Record<string, string[]>[] {
  if (route.auth === "public") return [];
  if (route.auth === "session") return [{ consoleSession: [] }];
  const bearer = { apiKey: [] };
  return dialectOf(route.path) === "wuts" ? [bearer, { bareKey: [] }] : [bearer];
}

const TAGS = [
  { name: "native", description: "`/v1`: asynchronous; everything that Pombo can do." },
  { name: "wuts", description: "At the root: synchronous, in the words of the WUTS documents." },
  { name: "session", description: "`/api/v1`: synchronous, for the one device of the key." },
  { name: "console", description: "The session of a browser." },
  { name: "installation", description: "Health, metrics and documents." },
];

function tagOf({ path, auth, fromPage }: DescribedRoute): string {
  if (fromPage === true) return "console";
  const dialect = dialectOf(path);
  return dialect === "wuts" && (auth === "public" || path === "/metrics")
    ? "installation"
    : dialect;
}

function operationOf(name: string, route: DescribedRoute): ZodOpenApiOperationObject {
  const { params: path, query } = route;
  const header = headersOf(route);
  return {
    operationId: name,
    summary: route.summary,
    tags: [tagOf(route)],
    security: securityOf(route),
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
    ...(route.takesRows === undefined ? {} : { requestBody: rowsOf(route.takesRows) }),
    responses: answersOf(route),
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

/** OpenAPI 3.1 has no schema for lines of JSON: each is one of the rows, or the settings. */
function rowsOf(schema: z.ZodObject) {
  const lines =
    'A JSON object a line: rows, and before them, if need be, the settings as `{"batch":{…}}`.';
  const table = "A line of column names, then a line a row; commas or semicolons.";
  return {
    required: true,
    content: {
      "application/json": { schema },
      "application/x-ndjson": { schema: z.string().meta({ description: lines }) },
      "text/csv": { schema: z.string().meta({ description: table }) },
    },
  };
}

function headersOf(route: DescribedRoute): z.ZodObject | undefined {
  const prefer = z.string().optional().meta({
    description: "`wait=N` waits up to N seconds for the outcome; `respond-async` does not wait.",
    example: "wait=10",
  });
  const fields = {
    ...(route.creates === true ? { "Idempotency-Key": idempotencyKey.optional() } : {}),
    ...(route.waits === true ? { Prefer: prefer } : {}),
    ...(route.resumes === true ? { "Last-Event-ID": lastEventId } : {}),
    ...(route.fromPage === true ? { "X-Pombo-Console": fromPage } : {}),
  };
  return Object.keys(fields).length === 0 ? undefined : z.object(fields);
}

const lastEventId = z.string().optional().meta({
  description: "The id of the last event that came; goes before `after`.",
  example: "1767225600000-0",
});

const fromPage = z.literal("1").optional().meta({
  description: "Needed where the browser sends no `Sec-Fetch-Site`, as over plain HTTP.",
});
