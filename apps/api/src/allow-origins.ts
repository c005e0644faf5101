import type { RequestHandler } from "express";
import { exchangeOf } from "./exchange.ts";
import { writeAnswer } from "./problem.ts";

/** What a page may send and read beside what every page may. */
const ALLOWED_HEADERS =
  "Authorization, Content-Type, Content-Encoding, Idempotency-Key, Prefer, Last-Event-ID";
const ALLOWED_METHODS = "GET, POST, PATCH, DELETE";
const EXPOSED_HEADERS =
  "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, Idempotent-Replayed, Preference-Applied";
const REMEMBERED_S = 600;

/**
 * Lets pages of these origins ask (CORS). No cookies: a key is what gives a right, and the page must have one.
 * @param origins `https://app.example`, exactly; empty: no page of another origin may
 */
export function allowOrigins(origins: readonly string[], now: () => number): RequestHandler {
  const known = new Set(origins);
  return (req, res, next) => {
    const { origin } = req.headers;
    const exchange = exchangeOf(req);
    // A cache must not give the answer for one origin to another.
    exchange.headers["Vary"] = "Origin";
    if (origin === undefined || !known.has(origin)) return next();
    exchange.headers["Access-Control-Allow-Origin"] = origin;
    exchange.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS;
    // Documents are not meant to be read by other origins; answers of the API are.
    exchange.headers["Cross-Origin-Resource-Policy"] = "cross-origin";
    const asksFirst = req.headers["access-control-request-method"] !== undefined;
    if (req.method !== "OPTIONS" || !asksFirst) return next();
    const headers = {
      "Access-Control-Allow-Methods": ALLOWED_METHODS,
      "Access-Control-Allow-Headers": ALLOWED_HEADERS,
      "Access-Control-Max-Age": String(REMEMBERED_S),
    };
    writeAnswer(res, { kind: "answer", status: 204, headers, body: "" }, { exchange, now: now() });
  };
}
