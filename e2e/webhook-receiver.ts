import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
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

/** A request as it came. */
export interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A user's endpoint; it verifies by an independent implementation and refuses what does not verify. */
export async function openWebhookReceiver() {
  const heard: HeardEvent[] = [];
  const posted: Posted[] = [];
  let secret = "";
  let answer = { status: 204, says: "" };
  const server = createServer((req, res) => {
    let text = "";
    req.on("data", (chunk: Buffer) => (text += chunk.toString()));
    req.on("end", () => {
      posted.push({ headers: req.headers, body: text });
      try {
        const event = new Webhook(secret).verify(text, req.headers as Record<string, string>);
        const id = String(req.headers["webhook-id"]);
        heard.push({ id, ...(event as Omit<HeardEvent, "id">) });
        res.writeHead(answer.status).end(answer.says);
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
    /** All of it, also what does not verify. */
    posted,
    trust: (given: string) => (secret = given),
    answer: (status: number, says = "") => (answer = { status, says }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
