import { guardedLookup, REFUSED_ADDRESS, refuseHost } from "@pombo/address-guard";
import type { DeliveryFailure, DeliveryOutcome } from "@pombo/domain";
import { excerptOf } from "./excerpt.ts";
import { Agent as PlainAgent, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";

export interface Webhook {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Poster {
  /** One request; rejects only when `stop` ends it. Nothing is followed: a redirect is an answer like any other. */
  post(webhook: Webhook, stop: AbortSignal): Promise<DeliveryOutcome>;
  /** Closes what is kept open between requests. */
  close(): void;
}

export interface PosterOptions {
  /** Plain HTTP, and addresses that are not public: for development only. */
  readonly allowsPrivate: boolean;
  readonly timeoutMs: number;
}

/** As much of an answer as is read, so that its connection can be used again. */
const READ_BYTES = 65_536;
/** Of these, what is looked at for an excerpt. */
const SHOWN_BYTES = 1_024;
const IDLE_MS = 15_000;
const USER_AGENT = "Pombo-Webhooks/1";

/** Posts signed requests to addresses that strangers gave us: public ones only, checked where the socket connects. */
export function openPoster({ allowsPrivate, timeoutMs }: PosterOptions): Poster {
  const options = {
    keepAlive: true,
    timeout: IDLE_MS,
    scheduling: "lifo" as const,
    ...(allowsPrivate ? {} : { lookup: guardedLookup() }),
  };
  const agents = { plain: new PlainAgent(options), secure: new SecureAgent(options) };
  return {
    async post(webhook, stop) {
      const time = AbortSignal.timeout(timeoutMs);
      try {
        const url = new URL(webhook.url);
        if (!allowsPrivate) refusePrivate(url);
        return await exchange(url, webhook, { agents, signal: AbortSignal.any([time, stop]) });
      } catch (error) {
        if (stop.aborted) throw error;
        return { kind: "unanswered", reason: time.aborted ? "timeout" : reasonOf(error) };
      }
    },
    close() {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
}

function refusePrivate(url: URL): void {
  if (url.protocol !== "https:")
    throw Object.assign(new Error("only https goes out"), { code: REFUSED_ADDRESS });
  refuseHost(url.hostname);
}

interface Means {
  readonly agents: { readonly plain: PlainAgent; readonly secure: SecureAgent };
  readonly signal: AbortSignal;
}

function exchange(url: URL, webhook: Webhook, { agents, signal }: Means): Promise<DeliveryOutcome> {
  const secure = url.protocol === "https:";
  const options = {
    method: "POST",
    signal,
    agent: secure ? agents.secure : agents.plain,
    headers: {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(webhook.body),
      "User-Agent": USER_AGENT,
      ...webhook.headers,
    },
  };
  return new Promise((resolve, reject) => {
    const sent = (secure ? secureRequest : plainRequest)(url, options);
    sent.once("error", reject);
    // Nothing here speaks another protocol. Without a listener Node drops the connection, and no error tells so.
    sent.once("upgrade", (answer, socket) => {
      socket.destroy();
      resolve(outcomeOf(answer));
    });
    sent.once("response", (answer) => {
      // The status stands whatever becomes of the rest.
      const beginning: Buffer[] = [];
      const done = (): void => resolve(outcomeOf(answer, beginning));
      sent.off("error", reject).on("error", done);
      answer.on("error", done).once("close", done);
      let read = 0;
      answer.on("data", (chunk: Buffer) => {
        if (read < SHOWN_BYTES) beginning.push(chunk);
        read += chunk.length;
        if (read > READ_BYTES) answer.destroy();
      });
    });
    sent.end(webhook.body);
  });
}

function outcomeOf(
  { statusCode = 0, headers }: IncomingMessage,
  beginning: readonly Buffer[] = [],
): DeliveryOutcome {
  const seconds = headers["retry-after"] ?? "";
  // What is compressed is no text.
  const plain = (headers["content-encoding"] ?? "identity") === "identity";
  const words = plain ? excerptOf(Buffer.concat(beginning).subarray(0, SHOWN_BYTES)) : undefined;
  return {
    kind: "answered",
    status: statusCode,
    ...(/^[0-9]{1,9}$/.test(seconds) ? { retryAfterMs: Number(seconds) * 1_000 } : {}),
    ...(words === undefined ? {} : { excerpt: words }),
  };
}

/** From the codes of Node's errors; the last row stands for all others. */
const REASONS: readonly (readonly [RegExp, DeliveryFailure])[] = [
  [new RegExp(`^${REFUSED_ADDRESS}$`), "refused_address"],
  [/^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/, "dns"],
  [/^ETIMEDOUT$/, "timeout"],
  [/^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$)/, "tls"],
  [/(?:)/, "connection"],
];

function reasonOf(error: unknown): DeliveryFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? "connection";
}
