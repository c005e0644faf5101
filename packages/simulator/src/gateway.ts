import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Limits } from "./limits.ts";
import type { TlsCertificate } from "./tls-certificate.ts";

/** One port: WebSocket upgrades (any path) become client sockets, everything else is the control API. */
export interface Gateway extends AsyncDisposable {
  readonly port: number;
}

export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsCertificate;
  readonly limits: Limits;
  readonly onRequest: RequestListener;
  readonly onSocket: (socket: WebSocket) => void;
  /** Asked before each upgrade. */
  readonly hasRoom: () => boolean;
}

export async function openGateway(config: GatewayConfig): Promise<Gateway> {
  const { tls, limits, host } = config;
  const timeouts = { headersTimeout: limits.httpHeaderMs, requestTimeout: limits.httpHeaderMs * 3 };
  const server: Server =
    tls === undefined
      ? createHttpServer(timeouts, config.onRequest)
      : createHttpsServer({ ...tls, ...timeouts }, config.onRequest);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytes + 1024,
    perMessageDeflate: false,
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (!config.hasRoom()) {
      socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, config.onSocket);
  });
  server.listen(config.port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await closed;
    },
  };
}
