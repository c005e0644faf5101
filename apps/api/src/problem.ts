import type { ServerResponse } from "node:http";
import { type Problem, renderProblem } from "@pombo/contract";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { isStoreAway } from "./store-away.ts";

/** Writes an answer, once, a problem in the envelope of the path that it came in on; a client that has left gets none. */
export function writeAnswer(
  res: ServerResponse,
  answer: Answer,
  { exchange, now }: { readonly exchange: Exchange; readonly now: number },
): void {
  if (res.headersSent || res.destroyed) return;
  if (answer.kind === "problem") {
    const { status, headers, body } = renderProblem(exchange.dialect, answer.problem, {
      now,
      format: exchange.format,
    });
    exchange.errorCode = answer.problem.code;
    if (answer.problem.messageId !== undefined) exchange.messageId = answer.problem.messageId;
    write(res, { status, headers, body: JSON.stringify(body) }, exchange);
    return;
  }
  if (answer.messageId !== undefined) exchange.messageId = answer.messageId;
  write(res, answer, exchange);
}

function write(
  res: ServerResponse,
  {
    status,
    headers,
    body,
  }: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | Buffer;
  },
  exchange: Exchange,
): void {
  const all: Record<string, string | number> = { ...exchange.headers, ...headers };
  if (exchange.draining.aborted) all["Connection"] = "close";
  if (headers["Idempotent-Replayed"] !== undefined) exchange.replayed = true;
  if (status !== 204) all["Content-Length"] = Buffer.byteLength(body);
  res.writeHead(status, all);
  res.end(body);
}

/** What left a route by throwing, as a problem. Anything that is not known is a defect of ours: INTERNAL_ERROR. */
export function problemOf(error: unknown): Problem {
  if (isStoreAway(error)) return { code: "SERVICE_UNAVAILABLE" };
  // The router could not decode a parameter of the path.
  if (error instanceof URIError || hasStatus(error, 400))
    return {
      code: "VALIDATION_ERROR",
      validation: [
        { field: "path", message: "path must be valid percent-encoded UTF-8", value: null },
      ],
    };
  return { code: "INTERNAL_ERROR" };
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && "status" in error && error.status === status;
}
