import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";

const NAME = "pombo_console";
const ID = /^[A-Za-z0-9_-]{43}$/;

/** The digest of the session that a request names: its id itself is looked at nowhere else. */
export function sessionOf({ headers }: Pick<IncomingMessage, "headers">): string | undefined {
  for (const pair of (headers.cookie ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (pair.slice(0, equals).trim() !== NAME) continue;
    const id = pair.slice(equals + 1).trim();
    return ID.test(id) ? digestSession(id) : undefined;
  }
  return undefined;
}

export function digestSession(id: string): string {
  return hash("sha256", id);
}

/** No script reads it, and no other site's page sends it. @param maxAgeMs 0 takes it back */
export function cookieOf(id: string, maxAgeMs: number, secure: boolean): string {
  const age = Math.floor(maxAgeMs / 1_000);
  const parts = [`${NAME}=${id}`, "Path=/", `Max-Age=${age}`, "HttpOnly", "SameSite=Strict"];
  return [...parts, ...(secure ? ["Secure"] : [])].join("; ");
}
