/** As much of JSON Schema and OpenAPI as the generator reads. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly format?: string;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly minItems?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema?: Schema;
}

export interface Operation {
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body?: Schema;
  /** The statuses that it says it answers. */
  readonly statuses: ReadonlySet<number>;
}

export interface Description {
  readonly operations: readonly Operation[];
  /** The schema that a reference names. */
  resolve(schema: Schema): Schema;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface RawOperation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
  };
  readonly responses?: Readonly<Record<string, unknown>>;
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Reads the document that the API serves: what is fuzzed is what outsiders are told. */
export function readDescription(document: unknown): Description {
  const { paths, components } = document as Document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, raw]) => operationOf(method.toUpperCase(), path, raw)),
  );
  return {
    operations,
    resolve(schema) {
      const name = schema.$ref?.split("/").at(-1);
      return name === undefined ? schema : (components?.schemas?.[name] ?? {});
    },
  };
}

function operationOf(method: string, path: string, raw: RawOperation): Operation {
  const body = raw.requestBody?.content?.["application/json"]?.schema;
  return {
    method,
    path,
    parameters: raw.parameters ?? [],
    statuses: new Set(Object.keys(raw.responses ?? {}).map(Number)),
    ...(body === undefined ? {} : { body }),
  };
}
