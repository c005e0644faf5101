import { setTimeout as pause } from "node:timers/promises";

/** What the document of the wuts dialect says of an error. */
export interface WutsError {
  readonly success: false;
  readonly error: string;
  readonly error_code: string;
  readonly timestamp: string;
  readonly validation?: readonly {
    readonly field: string;
    readonly message: string;
    readonly value: unknown;
  }[];
}

export interface WutsSent {
  readonly success: true;
  readonly message_id: string;
  readonly status: string;
  readonly chat_jid: string;
}

export class WutsRefusal extends Error {
  readonly problem: WutsError;
  constructor(problem: WutsError) {
    super(problem.error);
    this.problem = problem;
  }
}

/**
 * A client written from the published text alone: it branches on `error_code`, falls back to the status, never repeats a 4xx, and repeats
 * a 5xx with exponential backoff and jitter, so many times.
 */
export function wutsClient(api: string, token: string, { tries = 8, baseMs = 200 } = {}) {
  let requests = 0;
  async function post(path: string, body: object): Promise<WutsSent> {
    for (let attempt = 1; ; attempt += 1) {
      requests += 1;
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      const response = await fetch(api + path, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      // oxlint-disable-next-line no-await-in-loop
      const answer = (await response.json()) as WutsSent | WutsError;
      if (answer.success) return answer;
      if (!isTransient(answer.error_code, response.status) || attempt === tries)
        throw new WutsRefusal(answer);
      const ceiling = Math.min(5_000, baseMs * 2 ** (attempt - 1));
      // oxlint-disable-next-line no-await-in-loop
      await pause(ceiling / 2 + (Math.random() * ceiling) / 2);
    }
  }
  return {
    sendText: (number: string, text: string) => post("/send/text", { number, text }),
    requests: () => requests,
  };
}

const TRANSIENT = new Set([
  "DEVICE_NOT_READY",
  "DEVICE_DISCONNECTED",
  "SERVICE_UNAVAILABLE",
  "SYNC_REQUEST_FAILED",
  "SEND_FAILED",
  "DEVICE_ERROR",
]);

function isTransient(code: string, status: number): boolean {
  return TRANSIENT.has(code) || status >= 500;
}
