import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { text } from "node:stream/consumers";

export interface UploadTo {
  readonly url: string;
  readonly key: string;
  /** The Idempotency-Key. */
  readonly once: string;
  readonly query: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const PIECE_BYTES = 262_144;

/** Sends a table; up to a place only, where the line is cut, when there is one. Undefined: no answer came. */
export async function uploadUpTo(
  table: Buffer,
  { url, key, once: name, query }: UploadTo,
  upTo?: number,
): Promise<Answer | undefined> {
  const sent = request(`${url}/v1/batches?${new URLSearchParams(query).toString()}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "text/csv",
      "idempotency-key": name,
    },
  });
  const answered = once(sent, "response").then(([response]: IncomingMessage[]) => response);
  const failed = once(sent, "error").then(() => undefined);
  answered.catch(() => undefined);
  const end = upTo ?? table.length;
  for (let at = 0; at < end && !sent.destroyed; at += PIECE_BYTES) {
    if (sent.write(table.subarray(at, Math.min(end, at + PIECE_BYTES)))) continue;
    const looked = new AbortController();
    const drained = once(sent, "drain", { signal: looked.signal });
    // oxlint-disable-next-line no-await-in-loop -- as fast as it is read
    await Promise.race([drained, failed, answered]).catch(() => undefined);
    drained.catch(() => undefined);
    looked.abort();
  }
  if (upTo !== undefined) {
    // What was written is under way; then the line is dead.
    await pause(1);
    sent.destroy();
    return undefined;
  }
  sent.end();
  const response = await Promise.race([answered, failed]).catch(() => undefined);
  if (response === undefined) return undefined;
  const body = JSON.parse(await text(response)) as Answer["body"];
  return { status: response.statusCode ?? 0, body };
}
