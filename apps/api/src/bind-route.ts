import {
  parsePrefer,
  type Preference,
  type Problem,
  renderProblem,
  type Route,
  type RouteInput,
  type RouteName,
} from "@pombo/contract";
import type { ServerResponse } from "node:http";
import type { Dialect } from "@pombo/domain";
import type { Request, RequestHandler, Response } from "express";
import { type Answer, refuse } from "./answer.ts";
import { allowSlow } from "./arrival.ts";
import type { Caller } from "./authenticate.ts";
import { type Client, type Exchange, exchangeOf } from "./exchange.ts";
import { headerOf } from "./header-of.ts";
import type { KeyCheck } from "./know-caller.ts";
import type { KeyWatch } from "./key-watch.ts";
import { writeAnswer } from "./problem.ts";
import { readParts } from "./read-parts.ts";

/** A request as its handler gets it: who asks, and what was asked for, parsed. */
export interface Call<Name extends RouteName> extends RouteInput<Name> {
  readonly caller: Caller;
  readonly prefer: Preference;
  readonly idempotencyKey?: string;
  /** For a route that takes bytes. */
  readonly request: Request;
  /** `Last-Event-ID`, where the row takes it. */
  readonly lastEventId?: string;
  /** The media type that the client likes best among those of the route. */
  readonly type: string;
  readonly client: Client;
  /** The key is still to be looked up. */
  readonly keyCheck?: KeyCheck;
  render(problem: Problem): ReturnType<typeof renderProblem>;
}

/** An answer that goes on after its handler has returned. */
interface Streamed {
  readonly kind: "stream";
  readonly headers: Readonly<Record<string, string>>;
  /** Writes until it is over, and ends the response. */
  run(res: ServerResponse): Promise<void>;
}

export type Outcome = Answer | Streamed;
export type Handler<Name extends RouteName> = (call: Call<Name>) => Promise<Outcome>;
export type Handlers = { readonly [Name in RouteName]: Handler<Name> };

export interface BindDeps {
  readonly bodyLimitBytes: number;
  /** For bodies that may hold a file. */
  readonly fileBodyLimitBytes: number;
  readonly waitLimitS: number;
  readonly now: () => number;
  readonly keyWatch: Pick<KeyWatch, "hasEnded">;
}

/** A body that takes longer to come may have outlived its key. */
const SLOW_BODY_MS = 500;

/** A handler of any row; the parts that it is given are those that its row's schemas made. */
export type AnyHandler = (call: Call<RouteName>) => Promise<Outcome>;

/** Binds a row of the route table: scope → body → validation → handler → render. Who asks is known by then. */
export function bindRoute(row: Route, handle: AnyHandler, deps: BindDeps): RequestHandler {
  const types = Object.values(row.answers).flatMap(({ alternatives }) => alternatives ?? []);
  return async (req, res) => {
    const exchange = exchangeOf(req);
    exchange.route = row.path;
    const outcome = await serve(row, handle, { req, res, exchange, types, deps });
    const refused = outcome === undefined ? undefined : await exchange.keyCheck?.settle();
    const answer = refused === undefined ? outcome : refuse(refused);
    if (answer?.kind === "stream") await writeStream(req, res, answer);
    else if (answer !== undefined) writeAnswer(res, answer, { exchange, now: deps.now() });
  };
}

async function writeStream(req: Request, res: Response, streamed: Streamed): Promise<void> {
  if (res.destroyed) return;
  res.writeHead(200, { ...exchangeOf(req).headers, ...streamed.headers });
  if (req.method === "HEAD") res.end();
  else await streamed.run(res);
}

interface Serving {
  readonly req: Request;
  readonly res: Response;
  readonly exchange: Exchange;
  /** The media types of the row beside JSON. */
  readonly types: readonly string[];
  readonly deps: BindDeps;
}

async function serve(
  row: Route,
  handle: AnyHandler,
  served: Serving,
): Promise<Outcome | undefined> {
  const { req, exchange, types, deps } = served;
  const caller = exchange.caller ?? NOBODY;
  const denied = refuseScope(row, caller) ?? exchange.overRate;
  if (denied !== undefined) return refuse(denied);
  if (row.takesBytes === true || row.takesRows !== undefined) allowSlow(req);
  const { bodyLimitBytes, fileBodyLimitBytes } = deps;
  const limit = row.carriesFile === true ? fileBodyLimitBytes : bodyLimitBytes;
  const began = performance.now();
  const read = await readParts(row, req, limit);
  if (read.kind === "gone") return undefined;
  if (performance.now() - began > SLOW_BODY_MS && (await outlived(caller, deps)))
    return refuse({ code: "INVALID_API_KEY" });
  if (read.kind === "refused") return refuse(read.problem);
  const { parts } = read;
  const prefer = parsePrefer(
    row.waits === true ? headerOf(req, "prefer") : undefined,
    deps.waitLimitS,
  );
  return handle({
    ...parts,
    caller,
    request: req,
    prefer,
    ...resumeOf(row, req),
    ...(exchange.keyCheck === undefined ? {} : { keyCheck: exchange.keyCheck }),
    type: preferredType(types, req),
    client: exchange,
    render: (problem) => renderIn(exchange.dialect, problem, { exchange, now: deps.now() }),
  });
}

async function outlived(caller: Caller, { keyWatch }: BindDeps): Promise<boolean> {
  return caller !== NOBODY && keyWatch.hasEnded(caller);
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

function resumeOf({ resumes }: Route, req: Request): { readonly lastEventId?: string } {
  const id = resumes === true ? (headerOf(req, "last-event-id") ?? "") : "";
  return id === "" ? {} : { lastEventId: id };
}

function preferredType(types: readonly string[], req: Request): string {
  if (types.length === 0) return "application/json";
  return req.accepts(["application/json", ...types]) || "application/json";
}
