import type { AppControllerRoute } from "@bull-board/api/dist/types.js";
import express, { type Request, type RequestHandler } from "express";
import { type Answer, json, refuse } from "../../answer.ts";
import type { Caller } from "../../authenticate.ts";
import { exchangeOf } from "../../exchange.ts";
import { writeAnswer } from "../../problem.ts";
import { admitSession, type SessionKeys } from "../admit-session.ts";
import { isFromOwnPage } from "../own-page.ts";
import { fileAnswer, openPublicFiles } from "../public-files.ts";
import { toSignIn } from "../to-sign-in.ts";
import { type Board, openBoard } from "./board.ts";
import { BoardQueue } from "./board-queue.ts";
import { boardSources, type SourcesDeps } from "./board-sources.ts";

export interface QueuesDeps extends SourcesDeps {
  readonly ledger: SourcesDeps["ledger"] & SessionKeys;
  /** Redis' `INFO`. */
  readonly info: () => Promise<string>;
  readonly now: () => number;
}

const BASE = "/console/queues";

/**
 * bull-board for who is signed in with `ops:read`. It reads and nothing else: what acts is in the console, through the API's own routes.
 */
export function serveQueues(deps: QueuesDeps): RequestHandler {
  const board = openBoard(BASE);
  const page: Answer = { kind: "answer", status: 200, headers: PAGE, body: board.page };
  const router = express.Router({ caseSensitive: true });
  const behind = (answerTo: Answering): RequestHandler => behindSession(answerTo, deps);
  router.use("/static", serveStatic(board, deps));
  for (const route of board.routes)
    router.get(
      route.route,
      behind((req, caller) => ask(route, { req, caller, board }, deps)),
    );
  router.get(
    PAGES,
    behind(() => page),
  );
  router.use(behind(({ method }) => refuse(READS.includes(method) ? NOTHING : NO_CHANGE)));
  return router;
}

type Answering = (req: Request, caller: Caller) => Answer | Promise<Answer>;

const PAGES = ["/", "/queue/:queueName", "/queue/:queueName/:jobId"];
const READS = ["GET", "HEAD"];
const NOTHING = { code: "NOT_FOUND", detail: "There is nothing at this address" } as const;
const NO_CHANGE = { code: "METHOD_NOT_ALLOWED", allow: READS } as const;

function behindSession(answerTo: Answering, deps: QueuesDeps): RequestHandler {
  return async (req, res) => {
    const exchange = exchangeOf(req);
    exchange.route = BASE;
    const admitted = await admit(req, deps);
    if (admitted.kind === "caller") exchange.caller = admitted.caller;
    const answer =
      admitted.kind === "caller" ? await answerTo(req, admitted.caller) : admitted.answer;
    writeAnswer(res, answer, { exchange, now: deps.now() });
  };
}

type Admitted =
  | { readonly kind: "caller"; readonly caller: Caller }
  | { readonly kind: "refused"; readonly answer: Answer };

/** A page may be asked for from anywhere, and sends to the sign-in; everything else is for a page of ours. */
async function admit(req: Request, { ledger, now }: QueuesDeps): Promise<Admitted> {
  const isPage = READS.includes(req.method) && !req.path.startsWith("/api/");
  const none = isPage ? toSignIn(req) : refuse({ code: "UNAUTHORIZED" });
  if (!isPage && !isFromOwnPage(req)) return { kind: "refused", answer: none };
  const admitted = await admitSession(req, now(), ledger);
  if (admitted.kind === "refused") return { kind: "refused", answer: none };
  const { caller } = admitted;
  if (caller.scopes.includes("ops:read")) return { kind: "caller", caller };
  const detail = "The API key lacks the scope ops:read";
  return { kind: "refused", answer: refuse({ code: "FORBIDDEN", detail }) };
}

interface Asked {
  readonly req: Request;
  readonly caller: Caller;
  readonly board: Board;
}

/** Lets bull-board answer over the queues that this caller may see. */
async function ask(
  route: AppControllerRoute,
  { req, caller, board }: Asked,
  deps: QueuesDeps,
): Promise<Answer> {
  const query = Object.fromEntries(new URL(req.url, "http://pombo").searchParams);
  const named = req.params["queueName"] ?? query["activeQueue"] ?? query["queueName"];
  const sources = await boardSources({ caller, named: String(named ?? "") }, deps);
  const queues = sources.map((source) => new BoardQueue(source, deps.info));
  const { status = 200, body } = await route.handler({
    queues: new Map(queues.map((queue) => [queue.getName(), queue])),
    // What Redis is doing is for who may see all of it.
    uiConfig: { ...board.uiConfig, hideRedisDetails: caller.devices !== "*" },
    query: { ...query, ...encoded(query) },
    params: { ...req.params },
    body: {},
    headers: {},
  });
  return json(status, typeof body === "string" ? { body } : body);
}

/** bull-board decodes these names once more: a `%` in the name of a device must stay one. */
function encoded(query: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.entries(query).filter(([name]) => /^(?:activeQueue|queueName)$/.test(name));
  return Object.fromEntries(names.map(([name, value]) => [name, encodeURIComponent(value)]));
}

/** The files of its package: public as the package is. */
function serveStatic(board: Board, { now }: QueuesDeps): RequestHandler {
  const files = openPublicFiles(board.staticFolder, /\.[0-9a-f]{10}\.(?:css|js)$/);
  return async (req, res, next) => {
    if (!READS.includes(req.method)) return next();
    const exchange = exchangeOf(req);
    exchange.route = BASE;
    const file = await files.find(req.path, req.headers["accept-encoding"]);
    const answer = file === undefined ? refuse(NOTHING) : fileAnswer(file);
    writeAnswer(res, answer, { exchange, now: now() });
  };
}

/** What a library of its page injects; a browser names another one in its console when bull-board is changed. */
const INJECTED_STYLE = "sha256-r2N1TB/gHbBtBZFKg7ejmq1acVSREzucTAEw6ga4hoU=";

/** Looser than the console's: its page needs a base, and that style. */
const PAGE = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' '${INJECTED_STYLE}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "form-action 'none'",
    "base-uri 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "same-origin",
};
