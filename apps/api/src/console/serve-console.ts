import express, { type Request, type RequestHandler } from "express";
import { type Answer, refuse } from "../answer.ts";
import { exchangeOf } from "../exchange.ts";
import { writeAnswer } from "../problem.ts";
import { join } from "node:path";
import { admitSession } from "./admit-session.ts";
import { NOT_BUILT } from "./not-built.ts";
import { fileAnswer, openPublicFiles, type PublicFiles, readIfThere } from "./public-files.ts";
import { type QueuesDeps, serveQueues } from "./queues/serve-queues.ts";
import { serveSession, type SessionDeps } from "./serve-session.ts";
import { toSignIn } from "./to-sign-in.ts";

export interface ConsoleDeps extends SessionDeps, Omit<QueuesDeps, "ledger"> {
  readonly ledger: SessionDeps["ledger"] & QueuesDeps["ledger"];
  /** Where the console was built. */
  readonly consoleFolder: string;
}

/**
 * Everything under `/console`: the session, the files, and one page for all other addresses. Files and the sign-in page are public;
 * who is not signed in is sent to it from everywhere else.
 */
export function serveConsole(deps: ConsoleDeps): RequestHandler {
  const router = express.Router({ caseSensitive: true });
  router.all("/session", serveSession(deps));
  router.use("/queues", serveQueues(deps));
  router.use(servePages(deps));
  return router;
}

function servePages(deps: ConsoleDeps): RequestHandler {
  const files = openPublicFiles(deps.consoleFolder, /^\/assets\//);
  return async (req, res) => {
    const exchange = exchangeOf(req);
    exchange.route = "/console";
    writeAnswer(res, await answerTo(req, files, deps), { exchange, now: deps.now() });
  };
}

const SIGN_IN = "/sign-in";
const READS = ["GET", "HEAD"];
/** What has an ending is a file; no page has one. */
const FILE = /^\/assets\/|\.[a-z0-9]+$/;

async function answerTo(req: Request, files: PublicFiles, deps: ConsoleDeps): Promise<Answer> {
  const { method, path } = req;
  if (!READS.includes(method)) return refuse({ code: "METHOD_NOT_ALLOWED", allow: READS });
  if (FILE.test(path)) {
    const file = await files.find(path, req.headers["accept-encoding"]);
    return file === undefined ? refuse(NOTHING) : fileAnswer(file);
  }
  if (path !== SIGN_IN && (await admitSession(req, deps.now(), deps.ledger)).kind === "refused")
    return toSignIn(req);
  const page = await readIfThere(join(deps.consoleFolder, "index.html"));
  return { kind: "answer", status: 200, headers: PAGE, body: page ?? NOT_BUILT };
}

const NOTHING = { code: "NOT_FOUND", detail: "There is nothing at this address" } as const;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const PAGE = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  // With no-referrer, browsers would name no origin where forms are sent.
  "Referrer-Policy": "same-origin",
};
