import { ERROR_CODES, SETTINGS, DEFAULT_SETTINGS } from "@pombo/domain";
import { describe, expect, test } from "vitest";
import { errorList, limitList } from "./error-list.ts";
import { openapiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";
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

const rows = Object.entries<Route>(ROUTES);

function operation({ path, method }: Route): Operation {
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
  test("is of version 3.1 and has every row of the route table, and nothing else", () => {
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
    expect(requestBody !== undefined).toBe(row.body !== undefined || row.takesBytes === true);
    expect(security).toEqual(row.auth === "public" ? [] : [{ apiKey: [] }]);
  });

  test.each(rows)("%s answers what its row answers", (_name, row) => {
    const { responses } = operation(row);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(Object.keys(row.answers)));
    expect("401" in responses).toBe(row.auth !== "public");
    for (const [status, response] of Object.entries(responses)) {
      expect(status).toMatch(/^[2-5][0-9]{2}$/);
      expect(response.description).not.toBe("");
    }
  });

  test("refers to nothing that it does not hold", () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
    expect(refs.length).toBeGreaterThan(10);
    for (const ref of refs)
      expect(
        Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`),
      ).toContain(ref);
  });

  test("a native POST that creates takes an Idempotency-Key", () => {
    for (const [, row] of rows) {
      const names = (operation(row).parameters ?? []).map(({ name }) => name);
      expect(names.includes("Idempotency-Key")).toBe(row.creates === true);
    }
  });
});
