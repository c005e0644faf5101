import type { ErrorCode } from "@pombo/domain";
import type { z } from "zod";

export const SCOPES = [
  "messages:send",
  "messages:read",
  "devices:manage",
  "ops:read",
  "ops:write",
  "keys:manage",
] as const;

/** What an API key may do. */
export type Scope = (typeof SCOPES)[number];

/** A success: a JSON schema, or the media types by `Accept` (the first is the default). */
export interface RouteAnswer {
  readonly says: string;
  readonly schema?: z.ZodType;
  /** Further media types, chosen by `Accept`. */
  readonly alternatives?: readonly string[];
}

/**
 * One row of the route table. The API binds it, the OpenAPI document is made from it.
 * The dialect follows from the path (`dialectOf`).
 */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Parameters as `:name`. */
  readonly path: string;
  /** `public`: no key. `key`: any valid key. Otherwise the scope that the key must have. */
  readonly auth: "public" | "key" | Scope;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** An empty body stands for `{}`. */
  readonly bodyOptional?: true;
  /** The body may hold a file in base64: `file_body_limit_bytes` is its limit. */
  readonly carriesFile?: true;
  /** The body is a file, as it is or as the one file of a form; the handler reads it. */
  readonly takesBytes?: true;
  /** The body is rows as JSON of this shape, as NDJSON or as CSV; the handler reads it. */
  readonly takesRows?: z.ZodObject;
  /** Takes `Idempotency-Key`. */
  readonly creates?: true;
  /** Takes `Prefer: wait=N` and `respond-async`. */
  readonly waits?: true;
  /** Takes `Last-Event-ID`. */
  readonly resumes?: true;
  /** The successes by status; the first one is the usual one. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** Its own errors, beside those that every route of its kind has. */
  readonly errors: readonly ErrorCode[];
}

/** A row of the OpenAPI document: one of the route table, or an address of the console. */
export interface DescribedRoute extends Omit<Route, "auth"> {
  /** `session`: the cookie of the console. */
  readonly auth: Route["auth"] | "session";
  /** Only a page of the very address may ask. */
  readonly fromPage?: true;
}
