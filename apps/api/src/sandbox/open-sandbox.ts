import type { Problem } from "@pombo/contract";

/** The simulated WhatsApp of this installation, reached by its control API. */
export interface Sandbox {
  ask(method: "GET" | "POST" | "DELETE", path: string, wish?: SandboxWish): Promise<SandboxAnswer>;
}

interface SandboxWish {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  /** Longer than usual: somebody else has to answer first. */
  readonly waitMs?: number;
}

export type SandboxAnswer =
  | { readonly kind: "told"; readonly value: unknown }
  | { readonly kind: "refused"; readonly problem: Problem };

const WAIT_MS = 5_000;
/** A page of the longest texts. */
const MOST_BYTES = 32 * 1024 * 1024;
const LONGEST_REASON = 300;

/** Asks within a time and takes so many bytes; what goes wrong is a problem, never thrown. */
export function openSandbox(controlUrl: string): Sandbox {
  return {
    async ask(method, path, { query = {}, body, waitMs = WAIT_MS } = {}) {
      const url = new URL(path, controlUrl);
      for (const [name, value] of Object.entries(query))
        if (value !== undefined) url.searchParams.set(name, String(value));
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      const signal = AbortSignal.timeout(waitMs);
      try {
        const response = await fetch(url, { method, signal, redirect: "error", ...content });
        const value: unknown = JSON.parse(await readText(response));
        return response.ok ? { kind: "told", value } : refused(response.status, value);
      } catch {
        return { kind: "refused", problem: AWAY };
      }
    },
  };
}

const AWAY: Problem = { code: "SERVICE_UNAVAILABLE", detail: "The simulator does not answer" };

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [bytes, text] = [0, ""];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error("the answer is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The simulator's own sentences are for people, and name no secret. */
function refused(status: number, value: unknown): SandboxAnswer {
  const told = typeof value === "object" && value !== null && "error" in value ? value.error : "";
  const detail = String(told).slice(0, LONGEST_REASON).toWellFormed();
  return { kind: "refused", problem: problemOf(status, detail) };
}

function problemOf(status: number, detail: string): Problem {
  if (status === 404) return { code: "NOT_FOUND", detail };
  if (status === 409 || status === 429) return { code: "CONFLICT", detail };
  if (status >= 500) return { code: "UPSTREAM_FAILED", detail };
  return {
    code: "VALIDATION_ERROR",
    validation: [{ field: "body", message: detail, value: null }],
  };
}
