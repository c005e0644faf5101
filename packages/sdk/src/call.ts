import { nextTry, type RetryPolicy } from "./next-try.ts";
import { errorOf, PomboError } from "./pombo-error.ts";
import type { RouteShape } from "./table.ts";

export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Of one try. A wait that the call asks for is added. */
  readonly timeoutMs?: number;
  /** Seconds to wait for the outcome (`Prefer: wait=N`), where the route knows how. */
  readonly wait?: number;
  /** For routes that create something. Made by chance when absent, and the same in all tries of the call. */
  readonly idempotencyKey?: string;
  /** A body that is not JSON: a file, lines of a batch. A stream is sent once only; a function gives one for each try. */
  readonly content?: BodyInit | (() => BodyInit);
  readonly contentType?: string;
  /** The media type of the answer. */
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Connection {
  /** Without a slash at the end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
}

export type Shape = RouteShape<unknown, unknown>;
export type Fields = Readonly<Record<string, unknown>>;

export interface Asked<Read> {
  readonly input: Fields;
  readonly options: CallOptions;
  /** Reads the answer: what breaks meanwhile is no answer. */
  readonly read: (response: Response) => Promise<Read>;
}

/** One call, tried as often as the catalog and the policy allow; throws a {@link PomboError} otherwise. */
export async function call<Read>(
  shape: Shape,
  { input, options, read }: Asked<Read>,
  connection: Connection,
): Promise<Read> {
  const request = requestOf(shape, { input, options }, connection);
  const isOnce = options.content instanceof ReadableStream;
  for (let attempt = 1; ; attempt += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const answer = await attemptOnce(request, { read, stop: options.signal }, connection);
    if (answer.kind === "read") return answer.value;
    const { error } = answer;
    const failed = { error, attempt, repeatable: shape.repeatable };
    const waitMs = isOnce ? undefined : nextTry(failed, connection.retry, Math.random());
    if (waitMs === undefined) throw error;
    // oxlint-disable-next-line no-await-in-loop
    await pause(waitMs, options.signal);
  }
}

interface PreparedRequest {
  readonly url: string;
  readonly init: RequestInit;
  /** Of one try. */
  readonly content: () => BodyInit | undefined;
  readonly timeoutMs: number;
}

function requestOf(
  shape: Shape,
  { input, options }: Pick<Asked<unknown>, "input" | "options">,
  connection: Connection,
): PreparedRequest {
  const { path, query, body } = split(shape, input);
  const content = options.content ?? (body === undefined ? undefined : JSON.stringify(body));
  const waitS = options.wait ?? Number(query.get("wait") ?? 0);
  const type = options.content === undefined ? "application/json" : options.contentType;
  const init = {
    method: shape.method,
    headers: {
      ...connection.headers,
      ...(content === undefined || type === undefined ? {} : { "content-type": type }),
      ...headersOf(shape, options),
    },
  };
  return {
    url: connection.url + path + (query.size === 0 ? "" : `?${query.toString()}`),
    init,
    content: typeof content === "function" ? content : () => content,
    timeoutMs: (options.timeoutMs ?? connection.timeoutMs) + waitS * 1_000,
  };
}

function headersOf(shape: Shape, options: CallOptions): Record<string, string> {
  const { wait, accept = "application/json", idempotencyKey = randomKey() } = options;
  return {
    accept,
    ...(shape.creates ? { "idempotency-key": idempotencyKey } : {}),
    ...(wait === undefined ? {} : { prefer: `wait=${wait}` }),
    ...options.headers,
  };
}

/** Puts each field of the input where it belongs: the path, the query or the body. */
function split(shape: Shape, input: Fields) {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = shape.path.replaceAll(/:([a-z_]+)/g, (_, name: string) => {
    const value = rest.get(name);
    rest.delete(name);
    return encodeURIComponent(textOf(value));
  });
  const query = new URLSearchParams();
  for (const name of shape.query) {
    const value = rest.get(name);
    rest.delete(name);
    if (value !== undefined) query.set(name, textOf(value));
  }
  const body =
    shape.takesBody && (rest.size > 0 || !shape.bodyOptional)
      ? Object.fromEntries(rest)
      : undefined;
  return { path, query, body };
}

/** Texts and numbers, by the types; Pombo refuses what else may come. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Not `randomUUID`: browsers have that in secure contexts only. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

type Tried<Read> =
  | { readonly kind: "read"; readonly value: Read }
  | { readonly kind: "failed"; readonly error: PomboError };

interface TryDeps<Read> extends Pick<Asked<Read>, "read"> {
  readonly stop: AbortSignal | undefined;
}

async function attemptOnce<Read>(
  { url, init, content, timeoutMs }: PreparedRequest,
  { read, stop }: TryDeps<Read>,
  connection: Connection,
): Promise<Tried<Read>> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const signal = stop === undefined ? late.signal : AbortSignal.any([stop, late.signal]);
  try {
    const response = await connection.fetch(url, { ...init, ...bodyOf(content()), signal });
    return response.ok
      ? { kind: "read", value: await read(response) }
      : { kind: "failed", error: await errorOf(response, Date.now()) };
  } catch (cause) {
    stop?.throwIfAborted();
    const detail = late.signal.aborted ? `no answer within ${timeoutMs} ms` : "no answer";
    const error = new PomboError({ code: "NO_ANSWER", status: 0, detail, cause });
    return { kind: "failed", error };
  } finally {
    clearTimeout(timer);
  }
}

function bodyOf(content: BodyInit | undefined): RequestInit & { readonly duplex?: "half" } {
  if (content === undefined) return {};
  return content instanceof ReadableStream ? { body: content, duplex: "half" } : { body: content };
}

/** Resolves after a while, or throws the signal's reason at once. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
    if (signal?.aborted === true) end();
  });
}
