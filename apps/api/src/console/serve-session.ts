import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { CellId, Settings } from "@pombo/domain";
import { type ApiKeyRecord, digestApiKey, type Ledger } from "@pombo/ledger";
import type { Request, RequestHandler } from "express";
import { type Answer, instant, json, refuse } from "../answer.ts";
import { authenticate } from "../authenticate.ts";
import { exchangeOf } from "../exchange.ts";
import { headerOf } from "../header-of.ts";
import { writeAnswer } from "../problem.ts";
import { readBody } from "../read-body.ts";
import { admitSession, type SessionKeys } from "./admit-session.ts";
import { isFromOwnPage } from "./own-page.ts";
import { cookieOf, digestSession, sessionOf } from "./session-cookie.ts";

export interface SessionDeps {
  readonly ledger: SessionKeys &
    Pick<Ledger, "endSession" | "forgiveSignIn" | "openSession" | "trySignIn">;
  readonly cell: CellId;
  readonly settings: Pick<Settings, "console_session_ms">;
  /** What a proxy says of a request's origin is believed. */
  readonly trustsProxy: boolean;
  /** `sandbox`: the phones are a simulator's. */
  readonly mode: "sandbox" | "live";
  readonly now: () => number;
}

const BODY_LIMIT_BYTES = 4_096;
const METHODS = ["GET", "HEAD", "POST", "DELETE"];

/** `/console/session`: POST signs in with an API key, GET tells who is signed in, DELETE signs out. */
export function serveSession(deps: SessionDeps): RequestHandler {
  return async (req, res) => {
    const exchange = exchangeOf(req);
    exchange.route = "/console/session";
    const answer = await answerTo(req, deps);
    if (answer !== undefined) writeAnswer(res, answer, { exchange, now: deps.now() });
  };
}

async function answerTo(req: Request, deps: SessionDeps): Promise<Answer | undefined> {
  if (!METHODS.includes(req.method)) return refuse({ code: "METHOD_NOT_ALLOWED", allow: METHODS });
  if (req.method === "POST") return signIn(req, deps);
  if (!isFromOwnPage(req)) return refuse({ code: "UNAUTHORIZED" });
  return req.method === "DELETE" ? signOut(req, deps) : who(req, deps);
}

/** Undefined when the client has left. */
async function signIn(req: Request, deps: SessionDeps): Promise<Answer | undefined> {
  if (!isFromOwnPage(req))
    return refuse({ code: "FORBIDDEN", detail: "Only a page of this address may sign in" });
  const read = await readBody(req, BODY_LIMIT_BYTES);
  if (read.kind === "gone") return undefined;
  if (read.kind === "refused") return refuse(read.problem);
  const key = "key" in read.value ? read.value.key : undefined;
  if (typeof key !== "string" || Object.keys(read.value).length > 1) return refuse(NO_KEY);
  const address = addressOf(req, deps);
  const tried = await deps.ledger.trySignIn(address);
  if (tried.kind === "limited")
    return refuse({ code: "RATE_LIMITED", retryAfterMs: tried.retryAfterMs, detail: TOO_MANY });
  const header = `Bearer ${key}`;
  const now = deps.now();
  const given = { header, dialect: "native", cell: deps.cell, now } as const;
  const authenticated = await authenticate(given, deps.ledger);
  if (authenticated.kind === "refused") return refuse({ code: "INVALID_API_KEY" });
  await deps.ledger.forgiveSignIn(address);
  const digest = digestApiKey(key.trim());
  return open(req, { record: authenticated.record, digest, now }, deps);
}

const NO_KEY = {
  code: "VALIDATION_ERROR",
  validation: [{ field: "key", message: "key must be an API key, and nothing else", value: null }],
} as const;
const TOO_MANY = "Too many sign-ins from this address have failed; wait and repeat";

interface Opening {
  readonly record: ApiKeyRecord;
  readonly digest: string;
  readonly now: number;
}

async function open(
  req: Request,
  { record, digest, now }: Opening,
  deps: SessionDeps,
): Promise<Answer> {
  const earlier = sessionOf(req);
  if (earlier !== undefined) await deps.ledger.endSession(earlier);
  const id = randomBytes(32).toString("base64url");
  const expiresAt = Math.min(now + deps.settings.console_session_ms, record.expiresAt ?? Infinity);
  await deps.ledger.openSession(digestSession(id), { key: digest, expiresAt });
  const cookie = cookieOf(id, expiresAt - now, isSecure(req, deps));
  return json(200, told(record, { expiresAt, now }, deps), { "Set-Cookie": cookie });
}

async function who(req: Request, deps: SessionDeps): Promise<Answer> {
  const now = deps.now();
  const admitted = await admitSession(req, now, deps.ledger);
  if (admitted.kind === "refused") return refuse(admitted.problem);
  const { record, caller } = admitted;
  return json(200, told(record, { expiresAt: caller.session?.expiresAt ?? now, now }, deps));
}

async function signOut(req: Request, deps: SessionDeps): Promise<Answer> {
  const digest = sessionOf(req);
  if (digest !== undefined) await deps.ledger.endSession(digest);
  const cookie = cookieOf("", 0, isSecure(req, deps));
  return { kind: "answer", status: 204, headers: { "Set-Cookie": cookie }, body: "" };
}

function told(
  record: ApiKeyRecord,
  { expiresAt, now }: { readonly expiresAt: number; readonly now: number },
  { mode }: SessionDeps,
): object {
  const { id, name, scopes, devices, deviceId } = record;
  return {
    success: true,
    name,
    key_id: id,
    scopes,
    devices,
    device_id: deviceId ?? null,
    expires_at: instant(expiresAt),
    now: instant(now),
    mode,
  };
}

/** The page came by HTTPS: its origin says so, or the proxy does. */
function isSecure({ headers }: IncomingMessage, { trustsProxy }: SessionDeps): boolean {
  if (headers.origin?.startsWith("https:") === true) return true;
  return trustsProxy && headers["x-forwarded-proto"] === "https";
}

/** Where a request comes from. Of `X-Forwarded-For` only the last entry is the proxy's own; the others are whatever the client wrote. */
function addressOf(req: IncomingMessage, { trustsProxy }: SessionDeps): string {
  const named = trustsProxy ? headerOf(req, "x-forwarded-for")?.split(",").at(-1)?.trim() : "";
  return named === undefined || named === "" ? (req.socket.remoteAddress ?? "") : named;
}
