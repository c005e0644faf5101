import type { IncomingMessage } from "node:http";
import type { ConsoleSession } from "@pombo/ledger";
import { admitKey, type ApiKeys, type Authenticated } from "../authenticate.ts";
import { isFromOwnPage } from "./own-page.ts";
import { sessionOf } from "./session-cookie.ts";

export interface SessionKeys extends ApiKeys {
  findSession(digest: string): Promise<ConsoleSession | undefined>;
}

const NOBODY: Authenticated = { kind: "refused", problem: { code: "UNAUTHORIZED" } };

/** A request without a key: under `/v1`, a page of the console may ask with its cookie. */
export function admitOwnPage(
  req: IncomingMessage,
  now: number,
  keys: SessionKeys,
): Promise<Authenticated> {
  const may = req.url?.startsWith("/v1/") === true && isFromOwnPage(req);
  return may ? admitSession(req, now, keys) : Promise.resolve(NOBODY);
}

/** The session's key as it is now, looked up and counted as with every request of that key. */
export async function admitSession(
  req: IncomingMessage,
  now: number,
  keys: SessionKeys,
): Promise<Authenticated> {
  const digest = sessionOf(req);
  const session = digest === undefined ? undefined : await keys.findSession(digest);
  if (digest === undefined || session === undefined || session.expiresAt <= now) return NOBODY;
  const admitted = await admitKey(session.key, now, keys);
  if (admitted.kind === "refused") return admitted;
  const { expiresAt } = session;
  return { ...admitted, caller: { ...admitted.caller, session: { digest, expiresAt } } };
}
