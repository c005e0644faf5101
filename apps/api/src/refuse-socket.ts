import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { dialectOf, type Problem, renderProblem } from "@pombo/contract";
import type { Log } from "@pombo/telemetry";

export interface RefuseSocketDeps {
  readonly log: Pick<Log, "info">;
  readonly now: () => number;
}

interface SocketError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

const LINGER_MS = 2_000;

/** The request that came last, on its socket. */
const LATEST = Symbol("latest request");

interface Heard extends Duplex {
  [LATEST]?: Answering;
}

/**
 * Answers what never becomes a request, in an envelope all the same: broken HTTP, too large headers, a request that does not
 * come to its end, CONNECT. Afterwards the socket is closed, and what still comes in is thrown away until the client has read.
 */
export function refuseSockets(server: Server, deps: RefuseSocketDeps): void {
  const refused = new WeakSet<Duplex>();
  const refuse = (socket: Duplex, url: string, problem: Problem): void => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const status = answer(socket, { url, problem, now: deps.now() });
    deps.log.info("connection.refused", { status, error_code: problem.code });
  };

  server.on("request", (req: IncomingMessage, res: Answering) => {
    (req.socket as Heard)[LATEST] = res;
  });
  server.on("clientError", (error: SocketError, socket: Heard) => {
    const place = placeOf(socket[LATEST]);
    if (!socket.writable || error.code === "ECONNRESET" || place.kind === "answered")
      return void socket.destroy();
    const answerIt = (): void => refuse(socket, urlOf(error, place), problemOf(error));
    if (place.kind !== "behind") return answerIt();
    if (!place.response.headersSent) place.response.setHeader("Connection", "keep-alive");
    place.response.once("finish", answerIt);
  });
  server.on("connect", (_req: IncomingMessage, socket: Duplex) => {
    refuse(socket, "/", { code: "METHOD_NOT_ALLOWED", allow: ["GET", "HEAD", "POST"] });
  });
}

/** How Node's parser and its timers say what is wrong; anything else is broken HTTP. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    code: "PAYLOAD_TOO_LARGE",
    detail: "The address and headers of the request are too large",
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    code: "PAYLOAD_TOO_LARGE",
    detail: "The chunk extensions of the request are too large",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: "INVALID_REQUEST_FORMAT",
    detail: "The request did not arrive in time",
  },
  HPE_INVALID_EOF_STATE: {
    code: "INVALID_REQUEST_FORMAT",
    detail: "The request ended before its announced end",
  },
};

function problemOf({ code }: SocketError): Problem {
  return (
    PROBLEMS[code ?? ""] ?? {
      code: "INVALID_REQUEST_FORMAT",
      detail: "The request is not valid HTTP/1.1",
    }
  );
}

/**
 * Which request an error of the socket belongs to: one that has not yet come whole (`within`, or `answered` when its answer is
 * out already), one `behind` a request that is still being answered, or the `next` one.
 */
type ErrorPlace =
  | { readonly kind: "within" | "behind"; readonly response: Answering }
  | { readonly kind: "answered" | "next" };

type Answering = ServerResponse & { readonly req: IncomingMessage };

function placeOf(response: Answering | undefined): ErrorPlace {
  if (response === undefined) return { kind: "next" };
  if (response.req.complete)
    return response.writableFinished ? { kind: "next" } : { kind: "behind", response };
  return response.headersSent ? { kind: "answered" } : { kind: "within", response };
}

/** The path decides about the envelope; it is in the first line, where that was received. */
function urlOf({ rawPacket }: SocketError, place: ErrorPlace): string {
  if (place.kind === "within") return place.response.req.url ?? "/v1";
  const line = rawPacket?.subarray(0, 512).toString("latin1") ?? "";
  return /^[A-Z]{3,10} (\/[^\s?]*)/.exec(line)?.[1] ?? "/v1";
}

function answer(
  socket: Duplex,
  { url, problem, now }: { readonly url: string; readonly problem: Problem; readonly now: number },
): number {
  const { status, headers, body } = renderProblem(dialectOf(url), problem, { now });
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    "Content-Length": Buffer.byteLength(text),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    Connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${text}`);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  return status;
}
