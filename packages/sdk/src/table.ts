import { ROUTES, type Route, type RouteTable } from "@pombo/contract";
import { catalogRow, ERROR_CODES, type ErrorClass, type ErrorCode } from "@pombo/domain";

// The one file that knows the contract. The types of its exports are inferred from the schemas, and the compiler writes them out in
// full in the emitted declarations; its data is written out by the build. So the package needs neither the contract nor zod.

/** What a route takes and answers; the two parameters are for the compiler only. */
export interface RouteShape<In, Out> {
  readonly method: string;
  /** Parameters as `:name`. */
  readonly path: string;
  /** The names of its query. */
  readonly query: readonly string[];
  readonly takesBody: boolean;
  /** An empty body may be left out. */
  readonly bodyOptional: boolean;
  /** Takes an Idempotency-Key. */
  readonly creates: boolean;
  /** Repeating it changes nothing more. */
  readonly repeatable: boolean;
  readonly input?: In;
  readonly output?: Out;
}

/** Every route of the native dialect. */
export const SHAPES = shapesOf(ROUTES);

/** Who has to act, for each code of the catalog. */
export const CLASSES = classesOf();

type Native<Name extends keyof RouteTable> = RouteTable[Name] extends {
  readonly path: `/v1${string}`;
}
  ? Name
  : never;

/** An object type written out, so that a declaration needs none of the names it is made of. */
type Flat<T> = T extends readonly (infer Item)[]
  ? readonly Flat<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Flat<T[Key]> }
    : T;

type Part<Row, Name extends string> = Row extends { readonly [Key in Name]: infer Schema }
  ? SchemaInput<Schema>
  : unknown;
type SchemaInput<Schema> = Schema extends { readonly _zod: { readonly input: infer T } }
  ? T
  : never;
type SchemaOutput<Schema> = Schema extends { readonly _zod: { readonly output: infer T } }
  ? T
  : never;
/** A query is text; a number may be given all the same. */
type Query<T> = {
  [Key in keyof T]: string extends T[Key] ? T[Key] | number : T[Key];
};
type Answer<Row> = Row extends { readonly answers: infer Answers }
  ? {
      [Status in keyof Answers]: Answers[Status] extends { readonly schema: infer Schema }
        ? SchemaOutput<Schema>
        : never;
    }[keyof Answers]
  : never;

// Its type has no name of its own: a declaration would write the name only.
function shapesOf(table: RouteTable): {
  readonly [Name in keyof RouteTable as Native<Name>]: RouteShape<
    Flat<
      Part<RouteTable[Name], "params"> &
        Query<Part<RouteTable[Name], "query">> &
        Part<RouteTable[Name], "body">
    >,
    Flat<Answer<RouteTable[Name]>>
  >;
} {
  const native = Object.entries<Route>(table).filter(([, { path }]) => path.startsWith("/v1/"));
  return Object.fromEntries(native.map(([name, row]) => [name, shapeOf(row)])) as never;
}

function shapeOf({
  method,
  path,
  auth,
  query,
  body,
  bodyOptional,
  creates,
}: Route): RouteShape<never, never> {
  return {
    method,
    path,
    query: Object.keys(query?.shape ?? {}),
    takesBody: body !== undefined,
    bodyOptional: bodyOptional === true,
    creates: creates === true,
    repeatable:
      creates === true || method === "GET" || method === "PATCH" || auth.endsWith(":read"),
  };
}

function classesOf(): { readonly [Code in ErrorCode]: "client" | "transient" | "account" } {
  const entries = ERROR_CODES.map((code) => [code, catalogRow(code).class] as const);
  return Object.fromEntries(entries) as Record<ErrorCode, ErrorClass>;
}

/** A route of the native dialect, by the name that the OpenAPI document gives it as `operationId`. */
export type RouteName = keyof typeof SHAPES;

/** What a route takes: its parameters, query and body in one object. */
export type Input<Name extends RouteName> = NonNullable<(typeof SHAPES)[Name]["input"]>;

/** What a route answers when all is well. */
export type Output<Name extends RouteName> = NonNullable<(typeof SHAPES)[Name]["output"]>;
