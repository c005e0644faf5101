import { openRedis, type RedisHandle } from "@pombo/redis";

export type OpenedRedis =
  | { readonly kind: "open"; readonly handle: RedisHandle }
  | { readonly kind: "away"; readonly reason: unknown };

const PATIENCE_MS = 5_000;

/** A connection, or why there is none. */
export async function tryRedis(url: string): Promise<OpenedRedis> {
  const late = Promise.withResolvers<OpenedRedis>();
  const timer = setTimeout(() => late.resolve({ kind: "away", reason: LATE }), PATIENCE_MS);
  let lastError: Error | undefined;
  const onError = (error: Error): void => void (lastError = error);
  const opening = openRedis({ url, role: "request", onError }).then(
    (handle): OpenedRedis => ({ kind: "open", handle }),
    (error: unknown): OpenedRedis => ({ kind: "away", reason: lastError ?? error }),
  );
  const first = await Promise.race([opening, late.promise]);
  clearTimeout(timer);
  if (first.kind === "away") void opening.then(close);
  return first;
}

const LATE = new Error(`no answer within ${PATIENCE_MS / 1_000} s`);

async function close(opened: OpenedRedis): Promise<void> {
  if (opened.kind === "open") await opened.handle[Symbol.asyncDispose]();
}

/** Where it is, without the password. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return url.replace(/\/\/[^/]*@/, "//");
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
