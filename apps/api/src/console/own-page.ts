import type { IncomingMessage } from "node:http";

/**
 * Whether a page of this very address asks (CSRF). A page of another one can't: browsers tell `Sec-Fetch-Site` themselves, let no
 * foreign page send a header of our own without asking first, and name the origin of whatever may change something.
 * `Sec-Fetch-Site` alone is enough for pictures and downloads; where a browser doesn't send it (plain HTTP), the header must be there.
 */
export function isFromOwnPage({ method, headers }: Pick<IncomingMessage, "method" | "headers">) {
  const site = headers["sec-fetch-site"];
  const vouched = site === undefined ? headers["x-pombo-console"] === "1" : site === "same-origin";
  if (!vouched) return false;
  const { origin, host } = headers;
  if (origin === undefined) return method === "GET" || method === "HEAD";
  return host !== undefined && isOrigin(origin, host);
}

/** The host decides: behind a proxy that ends TLS, this process can't know the scheme. */
function isOrigin(origin: string, host: string): boolean {
  const named = URL.parse(origin);
  if (named === null || named.origin !== origin) return false;
  return URL.parse(`${named.protocol}//${host}`)?.origin === origin;
}
