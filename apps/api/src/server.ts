import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Route, routeTable } from "@pombo/contract";
import type { CellId, Settings } from "@pombo/domain";
import type { HealthWatch, Log } from "@pombo/telemetry";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import { allowOrigins } from "./allow-origins.ts";
import { limitArrival, SLOW_ARRIVAL_MS } from "./arrival.ts";
import { type Answer, refuse } from "./answer.ts";
import type { ApiKeys } from "./authenticate.ts";
import { type AnyHandler, bindRoute } from "./bind-route.ts";
import { type ConsoleDeps, serveConsole } from "./console/serve-console.ts";
import { serveDocs } from "./docs/serve-docs.ts";
import { type Exchange, type ExchangeDeps, exchangeOf, openExchange } from "./exchange.ts";
import { knowCaller, recallKey } from "./know-caller.ts";
import { problemOf, writeAnswer } from "./problem.ts";
import { refuseSockets } from "./refuse-socket.ts";
import { type HandlerDeps, handlers } from "./routes/handlers.ts";

export interface ServerDeps
  extends
    Omit<HandlerDeps, "closing" | "waitMs">,
    Pick<ConsoleDeps, "consoleFolder" | "info" | "mode" | "queues" | "trustsProxy"> {
  readonly ledger: HandlerDeps["ledger"] & ApiKeys & ConsoleDeps["ledger"];
  readonly cell: CellId;
  readonly settings: Settings;
  /** Pages of these origins may ask. */
  readonly corsOrigins?: readonly string[];
  readonly log: Pick<Log, "plain" | "info" | "error">;
  readonly health: HealthWatch;
  /** Where traces are on. */
  readonly trace?: ExchangeDeps["trace"];
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
}

const HEADERS_TIMEOUT_MS = 20_000;
/** Longer than the idle time of common load balancers, so that it is they who close. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Listens. Closing withdraws the readiness first and goes on taking requests for `drain_ms`, so that balancers ask others; then it
 * stops accepting, lets open requests end (a wait is answered with the status of that moment) and resolves; what is not done after
 * `shutdown_ms` is cut.
 */
export async function openServer(
  deps: ServerDeps,
  address: { readonly host: string; readonly port: number },
): Promise<ApiServer> {
  const closing = new AbortController();
  const { app, direct } = createApp({ ...deps, closing: closing.signal });
  const serve: RequestListener = (req, res) => {
    req.url = originForm(req.url ?? "/");
    const known = isPlain(req.headers.accept) && direct.get(`${req.method} ${req.url}`);
    if (known) void known(req, res);
    else app(req, res);
  };
  const server = createServer(
    {
      requestTimeout: SLOW_ARRIVAL_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node's own refusal has no envelope, and nothing here depends on the host.
      requireHostHeader: false,
    },
    serve,
  );
  server.on("checkExpectation", serve);
  refuseSockets(server, deps);
  limitArrival(server);
  await listen(server, address);
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return {
    url: `http://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      deps.health.drain();
      await delay(deps.settings.drain_ms);
      closing.abort();
      await close(server, deps.settings.shutdown_ms);
    },
  };
}

/** Proxies send whole URLs. What can't be read as one is an address like any other that has nothing: the router must never see it. */
function originForm(url: string): string {
  if (url.startsWith("/")) return url;
  const parsed = URL.parse(url);
  return parsed === null || !parsed.pathname.startsWith("/")
    ? "/*"
    : parsed.pathname + parsed.search;
}

function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), patienceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

type AppDeps = ServerDeps & { readonly closing: AbortSignal };

interface App {
  readonly app: Express;
  /** By method and path: what needs no router. */
  readonly direct: ReadonlyMap<
    string,
    (req: IncomingMessage, res: ServerResponse) => Promise<void>
  >;
}

/** The order of a request: exchange → origin → documents and console → public routes → key → routes → not found → problem. */
function createApp(deps: AppDeps): App {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  // Should an error ever get past answerThrown, its stack stays here.
  app.set("env", "production");
  app.set("query parser", false);
  app.set("case sensitive routing", true);
  const bound = Object.entries<AnyHandler>(
    handlers({ ...deps, waitMs: deps.settings.device_request_wait_ms }) as Handlers,
  );
  const rows = new Map(Object.entries<Route>(routeTable(deps.settings)));
  const isPublic = (name: string): boolean => rows.get(name)?.auth === "public";

  const crossing = deps.corsOrigins !== undefined && deps.corsOrigins.length > 0;
  app.use(open(deps));
  if (crossing) app.use(allowOrigins(deps.corsOrigins, deps.now));
  app.use("/docs", serveDocs(deps));
  app.use("/console", serveConsole(deps));
  bind(app, { rows, bound: bound.filter(([name]) => isPublic(name)) }, deps);
  app.use(identify(deps));
  bind(app, { rows, bound: bound.filter(([name]) => !isPublic(name)) }, deps);
  app.use((req, res) => {
    const exchange = exchangeOf(req);
    const detail = "There is nothing at this address";
    const answer = { kind: "problem", problem: { code: "NOT_FOUND", detail } } as const;
    writeAnswer(res, answer, { exchange, now: deps.now() });
  });
  app.use(answerThrown(deps));
  const hot = bindings({ rows, bound: bound.filter(([name]) => HOT.has(name)) }, deps);
  const direct = crossing ? [] : hot.map((one) => [nameOf(one), goDirectly(one, deps)] as const);
  return { app, direct: new Map(direct) };
}

function nameOf({ method, path }: Binding): string {
  return `${method.toUpperCase()} ${path}`;
}

/**
 * The same steps without Express, which gives each request another prototype and then tries the routes in turn: observed, as much
 * work as all validation.
 */
function goDirectly({ handler }: Binding, deps: AppDeps): ReturnType<App["direct"]["get"]> & {} {
  const means = { ...deps, draining: deps.health.draining };
  return async (req, res) => {
    const exchange = openExchange({ req, res }, means);
    // The steps of this route look at nothing that Express adds.
    const [asked, answer] = [req as Request, res as Response];
    try {
      const refused = recallKey({ req, exchange }, deps)
        ? undefined
        : await knowCaller({ req, exchange }, deps);
      if (refused === undefined) await handler(asked, answer, () => undefined);
      else writeAnswer(res, refuse(refused), { exchange, now: deps.now() });
    } catch (error) {
      answerError(error, { res, exchange }, deps);
    }
  };
}

/** As far as the answer depends on it: nothing but JSON in the envelope of the path is asked for. */
function isPlain(accept: string | undefined): boolean {
  return accept === undefined || accept === "*/*" || accept === "application/json";
}

type Handlers = Readonly<Record<string, AnyHandler>>;

/** The most frequent request. */
const HOT: ReadonlySet<string> = new Set(["sendMessage"]);

function open({ log, closing, health, metrics, keyWatch, trace }: AppDeps): RequestHandler {
  const { draining } = health;
  return (req, res, next) => {
    openExchange({ req, res }, { log, closing, draining, metrics, keyWatch, trace });
    next();
  };
}

interface Bound {
  readonly rows: ReadonlyMap<string, Route>;
  readonly bound: readonly (readonly [string, AnyHandler])[];
}

/** Binds rows, then for each of their paths what happens to every other method. */
function bind(app: Express, bound: Bound, deps: AppDeps): void {
  const methods = new Map<string, string[]>();
  for (const { method, path, handler } of bindings(bound, deps)) {
    methods.set(path, [...(methods.get(path) ?? []), method.toUpperCase()]);
    app[method](path, handler);
  }
  for (const [path, known] of methods) app.all(path, otherMethods(path, known, deps));
}

interface Binding {
  readonly method: "get" | "post" | "patch" | "delete";
  readonly path: string;
  readonly handler: RequestHandler;
}

function bindings({ rows, bound }: Bound, deps: AppDeps): readonly Binding[] {
  const limits = {
    bodyLimitBytes: deps.settings.body_limit_bytes,
    fileBodyLimitBytes: deps.settings.file_body_limit_bytes,
    waitLimitS: deps.settings.prefer_wait_limit_s,
    now: deps.now,
    keyWatch: deps.keyWatch,
  };
  return bound.flatMap(([name, handle]) => {
    const row = rows.get(name);
    if (row === undefined) return [];
    const method = row.method.toLowerCase() as Binding["method"];
    return [{ method, path: row.path, handler: bindRoute(row, handle, limits) }];
  });
}

function otherMethods(
  path: string,
  known: readonly string[],
  { now }: Pick<AppDeps, "now">,
): RequestHandler {
  const allow = [...known, ...(known.includes("GET") ? ["HEAD"] : []), "OPTIONS"];
  return (req, res) => {
    const exchange = exchangeOf(req);
    exchange.route = path;
    const answer: Answer =
      req.method === "OPTIONS"
        ? { kind: "answer", status: 204, headers: { Allow: allow.join(", ") }, body: "" }
        : { kind: "problem", problem: { code: "METHOD_NOT_ALLOWED", allow } };
    writeAnswer(res, answer, { exchange, now: now() });
  };
}

/** Only OPTIONS goes on without a key: it tells what the public document tells. */
function identify(deps: AppDeps): RequestHandler {
  return async (req, res, next) => {
    if (req.method === "OPTIONS") return next();
    const exchange = exchangeOf(req);
    const refused = await knowCaller({ req, exchange }, deps);
    if (refused === undefined) next();
    else writeAnswer(res, refuse(refused), { exchange, now: deps.now() });
  };
}

interface Open {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly exchange: Exchange;
}

function answerThrown(deps: AppDeps): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  // oxlint-disable-next-line max-params
  return (error: unknown, req, res, _next) =>
    answerError(error, { res, exchange: exchangeOf(req) }, deps);
}

function answerError(
  error: unknown,
  { res, exchange }: Omit<Open, "req">,
  { log, now }: AppDeps,
): void {
  const problem = problemOf(error);
  if (problem.code === "INTERNAL_ERROR")
    log.error("request.crashed", { request_id: exchange.id, route: exchange.route, error });
  writeAnswer(res, { kind: "problem", problem }, { exchange, now: now() });
}
