import type { Route } from "@pombo/contract";
import formats from "ajv-formats";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Called } from "./open-test-api.ts";

/** Holds real answers against the OpenAPI document that the API serves. */
export interface Conformance {
  /** What is wrong with an answer, by the document; nothing when it is as described. */
  faultsOf(row: Route, answer: Called): readonly string[];
}

const DOCUMENT = "openapi";

export function openConformance(document: object): Conformance {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, DOCUMENT);
  return {
    faultsOf(row, { status, headers, body, text }) {
      const [type = ""] = (headers.get("content-type") ?? "").split(";");
      const path = row.path.replaceAll(/:([a-z_]+)/g, "{$1}");
      const place = ["paths", path, row.method.toLowerCase(), "responses", String(status)];
      const content = place.reduce<unknown>(stepInto, document);
      if (content === undefined) return [`${status} is not described`];
      const described = stepInto(stepInto(content, "content"), type);
      if (described === undefined) return [`${type} is not described for ${status}`];
      const missing = missingHeaders(row, headers);
      if (!type.endsWith("json")) return missing;
      const check = ajv.getSchema(`${DOCUMENT}#${pointer([...place, "content", type, "schema"])}`);
      if (check === undefined) return [`${type} has no schema for ${status}`];
      if (check(body) === true) return missing;
      const wrong = (check.errors ?? []).map(
        ({ instancePath, message }) => `${instancePath} ${message}`,
      );
      return [...missing, ...wrong, text];
    },
  };
}

function stepInto(place: unknown, name: string): unknown {
  return typeof place === "object" && place !== null
    ? (place as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function pointer(steps: readonly string[]): string {
  const escaped = steps.map((step) => step.replaceAll("~", "~0").replaceAll("/", "~1"));
  return escaped.map((step) => `/${encodeURIComponent(step)}`).join("");
}

/** Those that go with every answer of a key. */
function missingHeaders(row: Route, headers: Headers): readonly string[] {
  const limited = row.auth !== "public" && headers.get("www-authenticate") === null;
  const wanted = ["x-request-id", ...(limited ? ["ratelimit", "ratelimit-policy"] : [])];
  return wanted.filter((name) => !headers.has(name)).map((name) => `${name} is missing`);
}
