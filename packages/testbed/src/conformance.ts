import formats from "ajv-formats";
import { Ajv2020 } from "ajv/dist/2020.js";

/** An operation of the document. */
export interface Described {
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
}

export interface RealAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Holds real answers against an OpenAPI 3.1 document. */
export interface Conformance {
  /** What is wrong with an answer, by the document; nothing when it is as described. */
  faultsOf(operation: Described, answer: RealAnswer): readonly string[];
}

const DOCUMENT = "openapi";

export function openConformance(document: object): Conformance {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(document, DOCUMENT);
  return {
    faultsOf({ method, path }, { status, type: whole, text }) {
      const [type = ""] = whole.split(";");
      const place = ["paths", path, method.toLowerCase(), "responses", String(status)];
      const described = place.reduce<unknown>(stepInto, document);
      if (described === undefined) return [`${status} is not described`];
      const content = stepInto(described, "content");
      if (content === undefined)
        return text === "" ? [] : [`${status} is described without a body`];
      if (stepInto(content, type) === undefined) return [`${type} is not described for ${status}`];
      if (!type.endsWith("json")) return [];
      const check = ajv.getSchema(`${DOCUMENT}#${pointer([...place, "content", type, "schema"])}`);
      if (check === undefined) return [`${type} has no schema for ${status}`];
      if (check(JSON.parse(text)) === true) return [];
      return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
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
