import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface MetricsServer extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves `GET /metrics`, and nothing else, to whoever reaches the address: there is no key.
 *
 * @param place a port of 0 takes a free one
 * @param render the text, and its content type
 * @throws when the port is taken
 */
export async function serveMetrics(
  place: { readonly host: string; readonly port: number },
  render: () => Promise<{ readonly text: string; readonly contentType: string }>,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404).end();
      return;
    }
    render().then(
      ({ text, contentType }) => response.writeHead(200, { "content-type": contentType }).end(text),
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
