import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A wire between a client and a server that can be cut. */
export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** The next connections are cut, each after so many bytes of the client. */
  cutAfter(...bytes: readonly number[]): void;
  /** The next connection falls silent after so many bytes of the client; resolves when it has. */
  stallAfter(bytes: number): Promise<void>;
  /** Connections that were cut so far. */
  cuts(): number;
}

export async function openCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const limits: { readonly bytes: number; readonly end: (sockets: readonly Socket[]) => void }[] =
    [];
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const limit = limits.shift();
    let left = limit?.bytes ?? Number.POSITIVE_INFINITY;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return void upstream.write(chunk);
      limit?.end([upstream, client]);
    });
    upstream.on("data", (chunk: Buffer) => void client.write(chunk));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfter(...all) {
      const end = (both: readonly Socket[]): void => {
        cuts += 1;
        for (const socket of both) socket.resetAndDestroy();
      };
      limits.push(...all.map((bytes) => ({ bytes, end })));
    },
    stallAfter: (bytes) =>
      new Promise((resolve) => {
        const end = (both: readonly Socket[]): void => {
          for (const socket of both) socket.pause();
          resolve();
        };
        limits.push({ bytes, end });
      }),
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
