import type { IncomingMessage, ServerResponse } from "node:http";
import { randomBytes } from "node:crypto";
import { dialectOf, type Problem } from "@pombo/contract";
import type { Dialect } from "@pombo/domain";
import type { Log, Metrics } from "@pombo/telemetry";
import type { Caller } from "./authenticate.ts";
import type { AnsweredRequest } from "./trace-requests.ts";
import type { KeyCheck } from "./know-caller.ts";
import type { KeyWatch } from "./key-watch.ts";

interface Pair {
  /** `accepts` is of Express: where it is missing, the client takes what it gets. */
  readonly req: IncomingMessage & { accepts?(types: string[]): string | false };
  readonly res: ServerResponse;
}

export interface ExchangeDeps {
  readonly log: Pick<Log, "plain">;
  readonly metrics: Pick<Metrics, "answered">;
  /** The process will close: connections end with their answers. */
  readonly draining: AbortSignal;
  /** It closes: waits end. */
  readonly closing: AbortSignal;
  readonly keyWatch: KeyWatch;
  /** Where traces are on. */
  readonly trace?: ((request: AnsweredRequest) => void) | undefined;
}

/** Whether somebody still waits for the answer. Its signals are made when they are asked for. */
export interface Client {
  /** Of its request: `X-Request-Id` of the answer, `request_id` in the log. */
  readonly id: string;
  /** Aborts when the client has left before its answer. */
  readonly gone: AbortSignal;
  /** Aborts when the key that asks has ended. */
  readonly ended: AbortSignal;
  /** Aborts when the client has left, its key has ended, or the process is closing: ends a wait. */
  readonly stop: AbortSignal;
}

/**
 * One request and its answer, from the first step to the log line. A class for its getters: what is seldom asked for is made when it
 * is. (Observed: a getter in an object literal makes a hidden class for each object, which only a full collection takes away.)
 */
export class Exchange implements Client {
  readonly id = nextRequestId();
  readonly dialect: Dialect;
  readonly closing: AbortSignal;
  readonly draining: AbortSignal;
  /** Go with every answer. */
  readonly headers: Record<string, string>;
  caller: Caller | undefined;
  /** The key was good a moment ago, and is looked up once more with the acceptance, or else before the answer. */
  keyCheck: KeyCheck | undefined;
  /** The key has had its requests of this window. */
  overRate: Problem | undefined;
  /** The pattern of the route, never the path itself. */
  route: string | undefined;
  errorCode: string | undefined;
  messageId: string | undefined;
  /** It was answered as an earlier request under the same key had been. */
  replayed = false;
  readonly #pair: Pair;
  readonly #keyWatch: KeyWatch;
  #unwatch: (() => void) | undefined;
  #ended: AbortController | undefined;
  #gone: AbortController | undefined;
  #stop: AbortSignal | undefined;

  constructor(
    pair: Pair,
    { closing, draining, keyWatch }: Pick<ExchangeDeps, "closing" | "draining" | "keyWatch">,
  ) {
    this.#pair = pair;
    this.#keyWatch = keyWatch;
    this.closing = closing;
    this.draining = draining;
    this.dialect = dialectOf(pathOf(pair.req.url ?? "/"));
    this.headers = { ...STANDING_HEADERS, "X-Request-Id": this.id };
  }

  /** RFC 9457 was asked for. */
  get format(): "envelope" | "problem+json" {
    const { req } = this.#pair;
    const best = req.headers.accept === undefined ? undefined : req.accepts?.(TYPES);
    return best === "application/problem+json" ? "problem+json" : "envelope";
  }

  get gone(): AbortSignal {
    this.#gone ??= new AbortController();
    this.closed();
    return this.#gone.signal;
  }

  get ended(): AbortSignal {
    if (this.#ended === undefined) {
      const ended = new AbortController();
      this.#ended = ended;
      if (this.caller !== undefined && !this.#pair.res.closed)
        this.#unwatch = this.#keyWatch.watch(this.caller, () => ended.abort());
    }
    return this.#ended.signal;
  }

  get stop(): AbortSignal {
    return (this.#stop ??= AbortSignal.any([this.gone, this.ended, this.closing]));
  }

  /** The answer is out, or the client has left. */
  closed(): void {
    const { res } = this.#pair;
    if (res.closed) this.#unwatch?.();
    if (res.closed && !res.writableFinished) this.#gone?.abort();
  }
}

function pathOf(url: string): string {
  const question = url.indexOf("?");
  return question === -1 ? url : url.slice(0, question);
}

const TYPES = ["application/json", "application/problem+json"];

const STANDING_HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
} as const;

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

/** Opens the exchange; its log line is written when the answer is out or the client has left. */
export function openExchange(
  { req, res }: Pair,
  { log, metrics, trace, ...deps }: ExchangeDeps,
): Exchange {
  const startedAt = performance.now();
  const exchange = new Exchange({ req, res }, deps);
  (req as Opened)[EXCHANGE] = exchange;
  res.on("close", () => {
    exchange.closed();
    const { method = "" } = req;
    const { route = "none" } = exchange;
    const status = res.headersSent ? res.statusCode : 0;
    const ms = Math.round(performance.now() - startedAt);
    metrics.answered({ route, method, status, ms });
    log.plain("request.answered", {
      request_id: exchange.id,
      method,
      route,
      status,
      error_code: exchange.errorCode,
      ms,
      key_id: exchange.caller?.keyId,
      message_id: exchange.messageId,
    });
    trace?.(answeredRequest(exchange, req, { method, route, status, ms }));
  });
  return exchange;
}

function answeredRequest(
  { id: requestId, errorCode, messageId, replayed }: Exchange,
  { headers }: IncomingMessage,
  answer: Pick<AnsweredRequest, "method" | "route" | "status" | "ms">,
): AnsweredRequest {
  const { traceparent } = headers;
  const header = typeof traceparent === "string" ? traceparent : undefined;
  return { ...answer, requestId, errorCode, messageId, replayed, traceparent: header };
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
