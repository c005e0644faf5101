import type { IncomingMessage, ServerResponse } from "node:http";
import { randomBytes } from "node:crypto";
import { dialectOf } from "@pombo/contract";
import type { Dialect } from "@pombo/domain";
import type { Log } from "@pombo/telemetry";
import type { Caller } from "./authenticate.ts";

/** One request and its answer, from the first step to the log line. */
export interface Exchange {
  readonly id: string;
  readonly dialect: Dialect;
  /** RFC 9457 was asked for. */
  readonly format: "envelope" | "problem+json";
  /** Aborts when the client has left before its answer. */
  readonly gone: AbortSignal;
  caller?: Caller;
  /** The pattern of the route, never the path itself. */
  route?: string;
  errorCode?: string;
  messageId?: string;
}

const exchanges = new WeakMap<IncomingMessage, Exchange>();

export function exchangeOf(req: IncomingMessage): Exchange {
  const exchange = exchanges.get(req);
  if (exchange === undefined) throw new Error("no exchange was opened for this request");
  return exchange;
}

interface Pair {
  readonly req: IncomingMessage & { accepts(types: string[]): string | false; path: string };
  readonly res: ServerResponse;
}

const TYPES = ["application/json", "application/problem+json"];

/** Opens the exchange; its log line is written when the answer is out or the client has left. */
export function openExchange({ req, res }: Pair, log: Pick<Log, "info">): Exchange {
  const startedAt = performance.now();
  const gone = new AbortController();
  const exchange: Exchange = {
    id: mintRequestId(),
    dialect: dialectOf(req.path),
    format: req.accepts(TYPES) === "application/problem+json" ? "problem+json" : "envelope",
    gone: gone.signal,
  };
  exchanges.set(req, exchange);
  res.setHeader("X-Request-Id", exchange.id);
  res.once("close", () => {
    if (!res.writableFinished) gone.abort();
    log.info("request.answered", {
      request_id: exchange.id,
      method: req.method,
      route: exchange.route ?? "none",
      status: res.headersSent ? res.statusCode : 0,
      error_code: exchange.errorCode,
      ms: Math.round(performance.now() - startedAt),
      key_id: exchange.caller?.keyId,
      message_id: exchange.messageId,
    });
  });
  return exchange;
}

/** Letters only: a long run of digits would be taken for a phone number and masked in the log. */
function mintRequestId(): string {
  const letters = Array.from(randomBytes(16), (byte) => String.fromCharCode(97 + (byte % 26)));
  return `req_${letters.join("")}`;
}
