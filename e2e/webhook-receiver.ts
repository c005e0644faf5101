import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export interface HeardEvent {
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly cursor: string;
    readonly message_id?: string;
    readonly status?: string;
    readonly status_version: number;
  };
}

/** A user's endpoint; it verifies by an independent implementation and refuses what does not verify. */
export async function openWebhookReceiver() {
  const heard: HeardEvent[] = [];
  let secret = "";
  let status = 204;
  const server = createServer((req, res) => {
    let text = "";
    req.on("data", (chunk: Buffer) => (text += chunk.toString()));
    req.on("end", () => {
      try {
        const event = new Webhook(secret).verify(text, req.headers as Record<string, string>);
        const id = String(req.headers["webhook-id"]);
        heard.push({ id, ...(event as Omit<HeardEvent, "id">) });
        res.writeHead(status).end();
      } catch {
        res.writeHead(401).end();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    heard,
    trust: (given: string) => (secret = given),
    answer: (next: number) => (status = next),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
