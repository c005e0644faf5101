import { ERROR_CODES, SETTINGS, DEFAULT_SETTINGS } from "@pombo/domain";
import { describe, expect, test } from "vitest";
import { validate } from "@readme/openapi-parser";
import { CONSOLE_ROUTES } from "./console-routes.ts";
import { answerOf, dialectOf } from "./dialect.ts";
import { errorList, limitList } from "./error-list.ts";
import { openapiDocument } from "./openapi.ts";
import type { DescribedRoute } from "./route.ts";
import { ROUTES } from "./routes.ts";

type Json = Readonly<Record<string, unknown>>;
interface Operation {
  readonly operationId: string;
  readonly security: readonly Json[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
  }[];
  readonly requestBody?: Json;
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Json }>
  >;
}

/** As a reader gets it. */
const document = JSON.parse(JSON.stringify(openapiDocument())) as {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly securitySchemes: Json;
  };
};

const rows = Object.entries<DescribedRoute>({ ...ROUTES, ...CONSOLE_ROUTES });

function operation({ path, method }: DescribedRoute): Operation {
  const found = document.paths[path.replaceAll(/:([a-z_]+)/g, "{$1}")]?.[method.toLowerCase()];
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`);
  return found;
}

test("the catalog, the enum of the document and GET /v1/errors are one list", () => {
  expect(document.components.schemas["ErrorCode"]?.["enum"]).toEqual(ERROR_CODES);
  expect(errorList().errors.map(({ code }) => code)).toEqual(ERROR_CODES);
});

test("GET /v1/limits tells every setting and what it means", () => {
  const { limits } = limitList({ ...DEFAULT_SETTINGS, window_size: 7 });
  expect(Object.keys(limits)).toEqual(Object.keys(SETTINGS));
  expect(limits["window_size"]).toEqual({ value: 7, says: SETTINGS.window_size.says });
});

describe("the OpenAPI document", () => {
  test("is of version 3.1 and has every row of the route table, the console's session, and nothing else", () => {
    expect(document.openapi).toBe("3.1.0");
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(
      rows.map(([name]) => name).toSorted(),
    );
  });

  test.each(rows)("%s takes what its row takes", (name, row) => {
    const { operationId, parameters = [], requestBody, security } = operation(row);
    const inPath = parameters.filter((parameter) => parameter.in === "path");
    expect(operationId).toBe(name);
    expect(inPath.map((parameter) => `:${parameter.name}`)).toEqual(
      row.path.match(/:[a-z_]+/g) ?? [],
    );
    expect(inPath.every(({ required }) => required === true)).toBe(true);
    expect(requestBody !== undefined).toBe(
      row.body !== undefined || row.takesBytes === true || row.takesRows !== undefined,
    );
    const bare = dialectOf(row.path) === "wuts" ? [{ bareKey: [] }] : [];
    const keyed = [{ apiKey: [] }, ...bare];
    const session = [{ consoleSession: [] }];
    expect(security).toEqual({ public: [], session }[row.auth as string] ?? keyed);
  });

  test.each(rows)("%s answers what its row answers", (_name, row) => {
    const { responses } = operation(row);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(Object.keys(row.answers)));
    expect("401" in responses).toBe(row.auth !== "public" || row === CONSOLE_ROUTES.consoleSignIn);
    for (const [status, response] of Object.entries(responses)) {
      expect(status).toMatch(/^[2-5][0-9]{2}$/);
      expect(response.description).not.toBe("");
    }
  });

  test("holds against an independent validator, which also finds every reference", async () => {
    // It writes into what it is given.
    const copy = JSON.parse(JSON.stringify(document)) as Parameters<typeof validate>[0];
    expect(await validate(copy)).toEqual({ valid: true, warnings: [], specification: "OpenAPI" });
    const broken = { openapi: "3.1.0", info: {}, paths: {} } as never;
    expect((await validate(broken)).valid).toBe(false);
  });

  test.each(rows)("%s names the codes of each of its errors", (_name, row) => {
    const dialect = dialectOf(row.path);
    const { responses } = operation(row);
    for (const code of row.errors) {
      const answer = answerOf(dialect, code);
      if (answer === undefined) continue;
      const content = JSON.stringify(responses[answer.status]?.content);
      const isShaped = dialect === "session" && answer.code === "VALIDATION_ERROR";
      expect(content).toContain(isShaped ? "SessionValidation" : `"${answer.code}"`);
    }
  });

  test("says where to wait, what is left, and what a key looks like", () => {
    const { responses } = operation(ROUTES.sendMessage);
    const names = (status: string) =>
      Object.keys((responses[status] as { headers?: object }).headers ?? {});
    expect(names("202")).toEqual(
      expect.arrayContaining(["RateLimit", "RateLimit-Policy", "Idempotent-Replayed"]),
    );
    expect(names("429")).toContain("Retry-After");
    expect(names("401")).toContain("WWW-Authenticate");
    expect(document.components.securitySchemes).toMatchObject({
      apiKey: { type: "http", scheme: "bearer" },
      bareKey: { type: "apiKey", in: "header", name: "Authorization" },
      consoleSession: { type: "apiKey", in: "cookie", name: "pombo_console" },
    });
  });

  test("bytes and streams have their media types", () => {
    expect(Object.keys(operation(ROUTES.getQr).responses["200"]?.content ?? {})).toEqual(
      expect.arrayContaining(["application/json", "image/png", "text/plain"]),
    );
    expect(operation(ROUTES.listEvents).responses["200"]?.content).toHaveProperty([
      "text/event-stream",
    ]);
  });

  test("a native POST that creates takes an Idempotency-Key", () => {
    for (const [, row] of rows) {
      const names = (operation(row).parameters ?? []).map(({ name }) => name);
      expect(names.includes("Idempotency-Key")).toBe(row.creates === true);
    }
  });
});
