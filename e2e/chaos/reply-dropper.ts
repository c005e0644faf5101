import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * A way to Redis on which replies can get lost: what the client says arrives, what Redis answers does not, and the connection stays
 * open on both sides. Only the client can mend that.
 */
export interface ReplyDropper extends AsyncDisposable {
  readonly url: string;
  /** The connections of this moment lose every reply from now on, for as long as their clients bear it. */
  drop(): void;
  /** Bytes of replies that got lost so far. */
  readonly lost: () => number;
}

export async function openReplyDropper(redisUrl: string): Promise<ReplyDropper> {
  const target = new URL(redisUrl);
  const open = new Set<Leg>();
  let lost = 0;
  const server = createServer((client) => {
    const redis = connect(Number(target.port), target.hostname);
    const leg: Leg = { client, redis, deaf: false };
    open.add(leg);
    client.on("data", (chunk: Buffer) => void redis.write(chunk));
    redis.on("data", (chunk: Buffer) => {
      if (leg.deaf) lost += chunk.length;
      else client.write(chunk);
    });
    for (const socket of [client, redis]) {
      socket.on("error", () => cut(leg));
      socket.on("close", () => {
        cut(leg);
        open.delete(leg);
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(redisUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    lost: () => lost,
    drop() {
      for (const leg of open) leg.deaf = true;
    },
    async [Symbol.asyncDispose]() {
      for (const leg of open) cut(leg);
      server.close();
      await once(server, "close");
    },
  };
}

interface Leg {
  readonly client: Socket;
  readonly redis: Socket;
  deaf: boolean;
}

function cut({ client, redis }: Leg): void {
  client.destroy();
  redis.destroy();
}
