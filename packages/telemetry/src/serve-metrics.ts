import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type HealthWatch, sayHealth } from "./health.ts";

interface MetricsServer extends AsyncDisposable {
  readonly url: string;
}

interface Told {
  /** 200 when absent. */
  readonly status?: number;
  readonly text: string;
  readonly contentType: string;
}

/** What is served; a refusal is answered with 503. */
export interface Tellers {
  readonly metrics: () => Promise<Told>;
  readonly health: Pick<HealthWatch, "look">;
}

/**
 * Serves `GET /metrics`, `/health/live` and `/health/ready`, and nothing else, to whoever reaches the address: there is no key.
 * Live says that the process answers at all, whatever became of Redis: to start it anew would not help that.
 *
 * @param place a port of 0 takes a free one
 * @throws when the port is taken
 */
export async function serveMetrics(
  place: { readonly host: string; readonly port: number },
  tellers: Tellers,
): Promise<MetricsServer> {
  const paths = new Map(Object.entries(pathsOf(tellers)));
  const server = createServer(({ url = "", method }, response) => {
    const tell = paths.get(url.split("?")[0] ?? "");
    if (tell === undefined || (method !== "GET" && method !== "HEAD")) {
      response.writeHead(404).end();
      return;
    }
    tell().then(
      ({ status = 200, text, contentType }) =>
        response.writeHead(status, { "content-type": contentType }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(place.port, place.host, () => resolve());
  await promise;
  const { port } = server.address() as AddressInfo;
  const host = place.host.includes(":") ? `[${place.host}]` : place.host;
  return {
    url: `http://${host}:${port}/metrics`,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

function pathsOf({ metrics, health }: Tellers): Readonly<Record<string, () => Promise<Told>>> {
  return {
    "/metrics": metrics,
    "/health/live": () => Promise.resolve(say({ success: true, status: "live" })),
    async "/health/ready"() {
      const seen = await health.look();
      if (seen.status === "ready") return say({ success: true, ...seen });
      return { ...say({ success: false, error: sayHealth(seen), ...seen }), status: 503 };
    },
  };
}

function say(body: object): Told {
  return { text: JSON.stringify(body), contentType: "application/json" };
}

export type ReadMetricsPlace =
  | { readonly kind: "off" }
  | { readonly kind: "place"; readonly host: string; readonly port: number }
  | { readonly kind: "refused"; readonly reason: string };

/** `POMBO_METRICS_PORT` (absent: off) and `POMBO_METRICS_HOST` (loopback when absent). */
export function readMetricsPlace(
  env: Readonly<Record<string, string | undefined>>,
): ReadMetricsPlace {
  const port = env["POMBO_METRICS_PORT"] ?? "";
  if (port === "") return { kind: "off" };
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535)
    return {
      kind: "refused",
      reason: "POMBO_METRICS_PORT must be a port number from 0 to 65535, or be absent",
    };
  return { kind: "place", host: env["POMBO_METRICS_HOST"] ?? "127.0.0.1", port: Number(port) };
}
