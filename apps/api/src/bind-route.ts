import {
  idempotencyKey,
  parsePrefer,
  type Preference,
  type Problem,
  renderProblem,
  type Route,
  type RouteInput,
  type RouteName,
  validate,
  type ValidationEntry,
} from "@pombo/contract";
import type { Dialect } from "@pombo/domain";
import type { Request, RequestHandler, Response } from "express";
import { type Answer, refuse } from "./answer.ts";
import type { Caller } from "./authenticate.ts";
import { type Exchange, exchangeOf } from "./exchange.ts";
import { writeAnswer } from "./problem.ts";
import { readBody } from "./read-body.ts";

/** A request as its handler gets it: who asks, and what was asked for, parsed. */
export interface Call<Name extends RouteName> extends RouteInput<Name> {
  readonly caller: Caller;
  readonly prefer: Preference;
  readonly idempotencyKey?: string;
  /** The media type that the client likes best among those of the route. */
  readonly type: string;
  /** The client has left. */
  readonly gone: AbortSignal;
  /** Ends a wait: the client has left, or the process is closing. */
  readonly stop: AbortSignal;
  render(problem: Problem): ReturnType<typeof renderProblem>;
}

export type Handler<Name extends RouteName> = (call: Call<Name>) => Promise<Answer>;
export type Handlers = { readonly [Name in RouteName]: Handler<Name> };

export interface BindDeps {
  readonly bodyLimitBytes: number;
  readonly waitLimitS: number;
  readonly closing: AbortSignal;
  readonly now: () => number;
}

/** A handler of any row; the parts that it is given are those that its row's schemas made. */
export type AnyHandler = (call: Call<RouteName>) => Promise<Answer>;

/** Binds a row of the route table: scope → body → validation → handler → render. Who asks is known by then. */
export function bindRoute(row: Route, handle: AnyHandler, deps: BindDeps): RequestHandler {
  return async (req, res) => {
    const exchange = exchangeOf(req);
    exchange.route = row.path;
    const answer = await serve(row, handle, { req, res, exchange, deps });
    if (answer !== undefined) writeAnswer(res, answer, { exchange, now: deps.now() });
  };
}

interface Served {
  readonly req: Request;
  readonly res: Response;
  readonly exchange: Exchange;
  readonly deps: BindDeps;
}

async function serve(row: Route, handle: AnyHandler, served: Served): Promise<Answer | undefined> {
  const { req, exchange, deps } = served;
  const caller = exchange.caller ?? NOBODY;
  const denied = refuseScope(row, caller);
  if (denied !== undefined) return refuse(denied);
  const read = await readParts(row, req, deps);
  if (read.kind === "gone") return undefined;
  if (read.kind === "refused") return refuse(read.problem);
  const { parts } = read;
  return handle({
    ...parts,
    caller,
    prefer: parsePrefer(row.waits === true ? req.get("prefer") : undefined, deps.waitLimitS),
    type: preferredType(row, req),
    gone: exchange.gone,
    stop: AbortSignal.any([exchange.gone, deps.closing]),
    render: (problem) => renderIn(exchange.dialect, problem, { exchange, now: deps.now() }),
  });
}

const NOBODY: Caller = { keyId: "", scopes: [], devices: [] };

function refuseScope({ auth }: Route, { scopes }: Caller): Problem | undefined {
  if (auth === "public" || auth === "key" || scopes.includes(auth)) return undefined;
  return { code: "FORBIDDEN", detail: `The API key lacks the scope ${auth}` };
}

function renderIn(
  dialect: Dialect,
  problem: Problem,
  { exchange, now }: { readonly exchange: Exchange; readonly now: number },
) {
  exchange.errorCode = problem.code;
  return renderProblem(dialect, problem, { now, format: exchange.format });
}

function preferredType({ answers }: Route, req: Request): string {
  const types = Object.values(answers).flatMap(({ alternatives }) => alternatives ?? []);
  if (types.length === 0) return "application/json";
  return req.accepts(["application/json", ...types]) || "application/json";
}

type Parts = RouteInput<RouteName> & { readonly idempotencyKey?: string };

type ReadParts =
  | { readonly kind: "parts"; readonly parts: Parts }
  | { readonly kind: "refused"; readonly problem: Problem }
  | { readonly kind: "gone" };

/** Reads and validates everything that the row takes; all rejected fields are reported at once. */
async function readParts(row: Route, req: Request, deps: BindDeps): Promise<ReadParts> {
  const sources: [keyof Parts, Route["body"], unknown][] = [
    ["params", row.params, { ...req.params }],
    ["query", row.query, queryOf(req)],
  ];
  if (row.body !== undefined) {
    const body = await readBody(req, deps.bodyLimitBytes);
    if (body.kind !== "body") return body;
    sources.push(["body", row.body, body.value]);
  }
  const parts: Record<string, unknown> = {};
  const validation: ValidationEntry[] = [];
  const codes = new Set<Problem["code"]>();
  const refuseFields = (code: Problem["code"], entries: readonly ValidationEntry[]): void => {
    codes.add(code);
    validation.push(...entries);
  };
  if (row.creates === true) {
    const key = readIdempotencyKey(req.get("idempotency-key"));
    if (key.kind === "refused") refuseFields("VALIDATION_ERROR", [key.entry]);
    else if (key.value !== undefined) parts["idempotencyKey"] = key.value;
  }
  for (const [name, schema, value] of sources) {
    if (schema === undefined) continue;
    const validated = validate(schema, value);
    if (validated.kind === "valid") parts[name] = validated.value;
    else refuseFields(validated.code, validated.validation);
  }
  const [code = "VALIDATION_ERROR"] = codes.size === 1 ? codes : [];
  if (codes.size > 0) return { kind: "refused", problem: { code, validation } };
  // Each part was made by the schema of this very row.
  return { kind: "parts", parts: parts as unknown as Parts };
}

/** A repeated parameter becomes a list, which no schema takes. */
function queryOf(req: Request): Record<string, unknown> {
  const question = req.url.indexOf("?");
  const search = new URLSearchParams(question === -1 ? "" : req.url.slice(question + 1));
  const entries = [...new Set(search.keys())].map((name) => {
    const values = search.getAll(name);
    return [name, values.length === 1 ? values[0] : values] as const;
  });
  return Object.fromEntries(entries);
}

function readIdempotencyKey(
  text: string | undefined,
):
  | { readonly kind: "key"; readonly value: string | undefined }
  | { readonly kind: "refused"; readonly entry: ValidationEntry } {
  if (text === undefined) return { kind: "key", value: undefined };
  const parsed = idempotencyKey.safeParse(text);
  if (parsed.success) return { kind: "key", value: parsed.data };
  const message = parsed.error.issues[0]?.message ?? "Idempotency-Key is not valid";
  return {
    kind: "refused",
    entry: { field: "Idempotency-Key", message, value: text.slice(0, 40).toWellFormed() },
  };
}
