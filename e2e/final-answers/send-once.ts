import { setTimeout as pause } from "node:timers/promises";

export interface Sender {
  readonly key: string;
}

/** One request and what its client knows of it. */
export interface Asked {
  readonly to: string;
  /** Absent: the connection broke before an answer. */
  readonly answer?: {
    readonly status: number;
    readonly code?: string;
    /** Of a success. */
    readonly messageId?: string;
  };
}

const NOBODY_PAUSE_MS = 200;

/**
 * Sends to a recipient that nobody else writes to, in one of both dialects; never tries again. Where nobody listens, nothing was sent: the
 * other API is asked.
 */
export async function sendOnce(
  urls: readonly string[],
  sender: Sender,
  index: number,
): Promise<Asked> {
  for (let turn = index; ; turn += 1) {
    const url = urls[turn % urls.length] ?? "";
    // oxlint-disable-next-line no-await-in-loop -- until somebody listens
    const asked = await send(url, sender, index);
    if (asked !== "nobody") return asked;
    // oxlint-disable-next-line no-await-in-loop
    await pause(NOBODY_PAUSE_MS);
  }
}

async function send(url: string, { key }: Sender, index: number): Promise<Asked | "nobody"> {
  const to = `5541${String(900_000_000 + index)}`;
  const wuts = index % 2 === 0;
  const text = `message ${index}`;
  try {
    const response = await fetch(url + (wuts ? "/send/text" : "/api/v1/messages/text"), {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(wuts ? { number: to, text } : { to, message: text }),
    });
    return { to, answer: readAnswer(response.status, (await response.json()) as Body) };
  } catch (error) {
    return isRefused(error) ? "nobody" : { to };
  }
}

function isRefused(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
}

interface Body {
  readonly message_id?: string;
  readonly error_code?: string;
  readonly data?: { readonly message_id?: string };
  readonly error?: { readonly code?: string };
}

function readAnswer(status: number, body: Body): NonNullable<Asked["answer"]> {
  const messageId = body.message_id ?? body.data?.message_id;
  const code = body.error_code ?? (typeof body.error === "object" ? body.error.code : undefined);
  return {
    status,
    ...(code === undefined ? {} : { code }),
    ...(messageId === undefined ? {} : { messageId }),
  };
}
