import { randomBytes } from "node:crypto";
import { digestApiKey } from "@pombo/ledger";
import type { Called, CallInit, TestApi } from "../open-test-api.ts";
import { digestSession } from "./session-cookie.ts";

/** What a browser sends of itself with a request of a page of this origin. */
export interface Browser {
  readonly cookie: string;
  /** As from a page of the console. */
  ask(method: string, path: string, body?: object): Promise<Called>;
}

export function pageHeaders(api: TestApi, method: string): Record<string, string> {
  return {
    "x-pombo-console": "1",
    "sec-fetch-site": "same-origin",
    ...(method === "GET" || method === "HEAD" ? {} : { origin: api.url }),
  };
}

export function signIn(
  api: TestApi,
  key: string,
  headers: Record<string, string> = {},
): Promise<Called> {
  const all = { ...pageHeaders(api, "POST"), ...headers };
  return api.call("POST", "/console/session", { key: null, body: { key }, headers: all });
}

/** Signs in and keeps the cookie. */
export async function openBrowser(api: TestApi, key: string): Promise<Browser> {
  const { status, headers, text } = await signIn(api, key);
  if (status !== 200) throw new Error(`the sign-in was answered ${status}: ${text}`);
  const cookie = (headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";
  return {
    cookie,
    ask: (method, path, body) => {
      const init: CallInit = { key: null, headers: { ...pageHeaders(api, method), cookie } };
      return api.call(method, path, body === undefined ? init : { ...init, body });
    },
  };
}

/** The cookie of a session that begins without its sign-in. */
export async function sessionCookie(
  api: TestApi,
  key: string,
  expiresAt = Date.now() + 600_000,
): Promise<string> {
  const id = randomBytes(32).toString("base64url");
  await api.ledger.openSession(digestSession(id), { key: digestApiKey(key), expiresAt });
  return `pombo_console=${id}`;
}
