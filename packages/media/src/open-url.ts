import { lookup as systemLookup } from "node:dns";
import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { type LookupFunction, isIPv4 } from "node:net";
import { guardedLookup, REFUSED_ADDRESS, refuseHost } from "@pombo/address-guard";
import type { Settings } from "@pombo/domain";

export interface UrlPolicy {
  readonly settings: Settings;
  /** Our own machine may be named too: for the sandbox and for tests. Every other private address stays refused. */
  readonly allowLoopback: boolean;
}

export type OpenedUrl =
  | {
      readonly kind: "opened";
      readonly response: IncomingMessage;
      /** Why the body broke off, when it is known. */
      readonly broken: () => string | undefined;
    }
  | { readonly kind: "refused" | "failed"; readonly reason: string };

/** Asks for a URL and follows its redirects by hand, each hop checked like the first one. */
export async function openUrl(
  text: string,
  policy: UrlPolicy,
  signal: AbortSignal,
): Promise<OpenedUrl> {
  let url = URL.parse(text);
  for (let hops = 0; ; hops += 1) {
    const wrong = checkUrl(url, policy);
    if (url === null || wrong !== undefined)
      return refused(hops === 0 ? `its URL ${wrong}` : `it redirects to a URL that ${wrong}`);
    // oxlint-disable-next-line no-await-in-loop -- each answer names the next hop
    const opened = await openHop(url, policy, signal);
    if (opened.kind !== "opened")
      return hops > 0 && opened.reason === PRIVATE ? refused(`it redirects: ${PRIVATE}`) : opened;
    const { statusCode: status = 0, headers } = opened.response;
    if (status === 200) return opened;
    opened.response.destroy();
    if (!REDIRECTS.has(status) || headers.location === undefined) return wrongStatus(status);
    if (hops >= policy.settings.media_redirects)
      return refused(`it redirects more than ${policy.settings.media_redirects} times`);
    url = URL.parse(headers.location, url.href);
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Statuses of the client's kind that a later try may cure. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);
const PRIVATE = "its host has no public address";

function wrongStatus(status: number): OpenedUrl {
  const passes = status >= 500 || PASSING.has(status);
  return { kind: passes ? "failed" : "refused", reason: `its host answers ${status}` };
}

function checkUrl(url: URL | null, policy: UrlPolicy): string | undefined {
  if (url === null) return "can't be read";
  if (url.protocol !== "http:" && url.protocol !== "https:") return "is neither http nor https";
  if (url.username !== "" || url.password !== "") return "holds a user name or password";
  if (policy.allowLoopback && isLoopback(url.hostname)) return undefined;
  try {
    refuseHost(url.hostname);
    return undefined;
  } catch {
    return isLoopback(url.hostname) ? `${NAMES_PRIVATE} ${HINT}` : NAMES_PRIVATE;
  }
}

const NAMES_PRIVATE = "names a private address";
const HINT = "(POMBO_LOOPBACK_URLS=1 lets a sandbox fetch from its own machine)";

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname === "[::1]" ||
    (isIPv4(hostname) && hostname.startsWith("127."))
  );
}

/** One request. The socket connects to the very address that was checked. */
function openHop(url: URL, policy: UrlPolicy, signal: AbortSignal): Promise<OpenedUrl> {
  const { settings } = policy;
  const free = policy.allowLoopback && isLoopback(url.hostname);
  const lookup: LookupFunction = free ? systemLookup : guardedLookup();
  const send = url.protocol === "https:" ? secureRequest : plainRequest;
  const { promise, resolve } = Promise.withResolvers<OpenedUrl>();
  let broken: string | undefined;
  const request = send(url, {
    lookup,
    signal,
    agent: false,
    headers: { Accept: "*/*", "Accept-Encoding": "identity", "User-Agent": "Pombo" },
  });
  const late = giveUpAfter(request, settings.media_connect_ms, "its host does not answer in time");
  request.once("response", (response) => {
    clearTimeout(late);
    request.setTimeout(settings.media_idle_ms, () => {
      broken = "its host fell silent";
      request.destroy(new Error(broken));
    });
    // Whoever reads it is told; it may break before there is anybody.
    response.on("error", () => undefined);
    request.on("error", (error) => {
      // The answer is whole, and something follows it.
      if (!response.complete || broken !== undefined) return;
      broken = `its host sends more than the ${response.headers["content-length"]} bytes that it declares`;
      response.destroy(error);
    });
    resolve({ kind: "opened", response, broken: () => broken });
  });
  // Without a listener Node drops the connection, and no error tells so.
  request.once("upgrade", ({ statusCode: status = 0 }, socket) => {
    clearTimeout(late);
    socket.destroy();
    resolve(wrongStatus(status));
  });
  request.on("error", (error) => {
    clearTimeout(late);
    resolve(failureOf(error));
  });
  request.end();
  return promise;
}

class GivenUpError extends Error {
  override readonly name = "GivenUpError";
}

function giveUpAfter(request: ClientRequest, ms: number, reason: string): NodeJS.Timeout {
  return setTimeout(() => request.destroy(new GivenUpError(reason)), ms);
}

function failureOf(error: Error): OpenedUrl {
  if (error instanceof GivenUpError) return { kind: "failed", reason: error.message };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === REFUSED_ADDRESS) return refused(PRIVATE);
  if (code === "ENOTFOUND") return { kind: "failed", reason: "its host is not known" };
  if (/CERT|SSL|TLS|SELF_SIGNED/.test(code)) return refused(`its host can't be trusted (${code})`);
  return { kind: "failed", reason: `its host can't be reached${code === "" ? "" : ` (${code})`}` };
}

function refused(reason: string): OpenedUrl {
  return { kind: "refused", reason };
}
