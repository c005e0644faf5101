import type { IncomingMessage, ServerResponse } from "node:http";
import { randomBytes } from "node:crypto";
import { dialectOf, type Problem } from "@pombo/contract";
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
  /** Aborts when the client has left, or when the process is closing: ends a wait. */
  readonly stop: AbortSignal;
  caller?: Caller;
  /** The key has had its requests of this window. */
  overRate?: Problem;
  readonly closing: AbortSignal;
  /** Go with every answer. */
  readonly headers: Record<string, string>;
  /** The pattern of the route, never the path itself. */
  route?: string;
  errorCode?: string;
  messageId?: string;
}

/** On the request itself: a weak map of requests is what the garbage collector of a busy process works on the most. */
const EXCHANGE = Symbol("exchange");

interface Opened extends IncomingMessage {
  [EXCHANGE]?: Exchange;
}

export function exchangeOf(req: Opened): Exchange {
  const exchange = req[EXCHANGE];
  if (exchange === undefined) throw new Error("no exchange was opened for this request");
  return exchange;
}

interface Pair {
  readonly req: IncomingMessage & { accepts(types: string[]): string | false; path: string };
  readonly res: ServerResponse;
}

const TYPES = ["application/json", "application/problem+json"];

export interface ExchangeDeps {
  readonly log: Pick<Log, "info">;
  /** The process is closing: connections end with their answers. */
  readonly closing: AbortSignal;
}

/** Opens the exchange; its log line is written when the answer is out or the client has left. */
export function openExchange({ req, res }: Pair, { log, closing }: ExchangeDeps): Exchange {
  const startedAt = performance.now();
  const signals = openSignals(res, closing);
  const id = nextRequestId();
  const exchange: Exchange = {
    id,
    dialect: dialectOf(req.path),
    get format() {
      const best = req.headers.accept === undefined ? undefined : req.accepts(TYPES);
      return best === "application/problem+json" ? "problem+json" : "envelope";
    },
    get gone() {
      return signals.gone();
    },
    get stop() {
      return signals.stop();
    },
    closing,
    headers: { ...STANDING_HEADERS, "X-Request-Id": id },
  };
  (req as Opened)[EXCHANGE] = exchange;
  res.on("close", () => {
    signals.closed();
    log.info("request.answered", {
      request_id: id,
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

const STANDING_HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
} as const;

/** Made when they are asked for: most requests never look, and two abort controllers cost as much as the rest of the exchange. */
function openSignals(res: ServerResponse, closing: AbortSignal) {
  let gone: AbortController | undefined;
  let stop: AbortSignal | undefined;
  const left = (): boolean => res.closed && !res.writableFinished;
  const ofGone = (): AbortSignal => {
    gone ??= new AbortController();
    if (left()) gone.abort();
    return gone.signal;
  };
  return {
    gone: ofGone,
    stop: (): AbortSignal => (stop ??= AbortSignal.any([ofGone(), closing])),
    closed(): void {
      if (left()) gone?.abort();
    },
  };
}

/**
 * Unique: random letters of this process, then a count. Letters only: a long run of digits would be taken for a phone number and
 * masked in the log.
 */
function nextRequestId(): string {
  count += 1;
  let letters = "";
  for (let rest = count; rest > 0; rest = Math.floor(rest / 26))
    letters = String.fromCharCode(97 + (rest % 26)) + letters;
  return `req_${PROCESS}${letters.padStart(6, "a")}`;
}

let count = 0;
const PROCESS = Array.from(randomBytes(10), (byte) => String.fromCharCode(97 + (byte % 26))).join(
  "",
);
