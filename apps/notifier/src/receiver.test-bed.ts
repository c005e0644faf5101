import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** What a webhook said, once its signature was verified by an independent implementation. */
interface Heard {
  readonly id: string;
  readonly type: string;
  readonly cursor: string;
  readonly attempt: number;
}

export type Reply = (res: ServerResponse, heard: Heard) => void;

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly heard: Heard[];
  /** Requests whose signature did not verify. */
  readonly forged: string[];
  /** How it answers from now on; 204 at first. */
  answer(reply: Reply): void;
  /** The secret that it verifies by. */
  trust(secret: string): void;
  /** Nobody is there any more; at the same address when it comes back. */
  die(): Promise<void>;
  live(): Promise<void>;
}

export const ok: Reply = (res) => void res.writeHead(204).end();

/** An endpoint as a user would run it. */
export async function openReceiver(): Promise<Receiver> {
  const heard: Heard[] = [];
  const forged: string[] = [];
  let secret = "";
  let reply = ok;
  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => {
      const id = String(req.headers["webhook-id"]);
      try {
        new Webhook(secret).verify(body, req.headers as Record<string, string>);
      } catch {
        forged.push(id);
        return void res.writeHead(401).end();
      }
      const event = JSON.parse(body) as { type: string; data: { cursor: string } };
      const attempt = heard.filter((one) => one.id === id).length + 1;
      const one = { id, type: event.type, cursor: event.data.cursor, attempt };
      heard.push(one);
      return reply(res, one);
    });
  };
  let server = createServer(serve);
  const listen = async (port: number): Promise<number> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const die = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    heard,
    forged,
    answer: (next) => (reply = next),
    trust: (given) => (secret = given),
    die,
    async live() {
      server = createServer(serve);
      await listen(port);
    },
    [Symbol.asyncDispose]: die,
  };
}
