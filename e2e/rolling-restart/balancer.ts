import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** What a load balancer does that asks its backends whether they are ready. */
export interface Balancer extends AsyncDisposable {
  /**
   * To the next backend that is ready. A connection that is refused has carried nothing, so another backend is asked; whatever went
   * out is never sent again. Rejects when the answer does not come.
   */
  post(path: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answered>;
  /** of connections that were refused */
  readonly refused: () => number;
}

const LOOK_MS = 100;
const PATIENCE_MS = 15_000;

export async function openBalancer(urls: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const ended = new AbortController();
  const ready = new Set(urls);
  let turn = 0;
  let refused = 0;

  async function watch(url: string): Promise<void> {
    while (!ended.signal.aborted) {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const isReady = await fetch(`${url}/health/ready`, {
        signal,
        headers: { connection: "close" },
      })
        .then((answer) => answer.ok)
        .catch(() => false);
      if (isReady) ready.add(url);
      else ready.delete(url);
      // oxlint-disable-next-line no-await-in-loop
      await pause(LOOK_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
  const watching = urls.map(watch);

  function send(
    url: string,
    {
      path,
      headers,
      body,
    }: { path: string; headers: Readonly<Record<string, string>>; body: string },
  ): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const out = request(`${url}${path}`, { method: "POST", agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    out.setTimeout(PATIENCE_MS, () => out.destroy(new Error("no answer")));
    out.on("error", reject);
    out.end(body);
    return promise;
  }

  return {
    refused: () => refused,
    async post(path, headers, body) {
      const candidates = urls.filter((url) => ready.has(url));
      turn += 1;
      for (let index = 0; index < candidates.length; index += 1) {
        const url = candidates[(turn + index) % candidates.length] ?? "";
        try {
          // oxlint-disable-next-line no-await-in-loop -- the next one only when nobody was there
          return await send(url, { path, headers, body });
        } catch (error) {
          if (!isRefused(error)) throw error;
          refused += 1;
        }
      }
      throw new Error("no backend is ready");
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await Promise.all(watching);
      agent.destroy();
    },
  };
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
}
