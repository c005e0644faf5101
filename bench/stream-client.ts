import { connect, type Socket } from "node:net";
import { answerParent } from "./answer-parent.ts";

/**
 * Clients of live events, a process of its own: as many sockets as asked for. It reads just enough to count, so that it takes
 * little of the CPU that the measured process shares with it.
 */
export interface Crowd {
  /** http://host:port */
  readonly url: string;
  readonly key: string;
  /** One client for each: what it asks for, behind `/v1/events`. */
  readonly queries: readonly string[];
  readonly kind: "stream" | "poll";
}

export interface Arrivals {
  /** ms since the epoch at which the last one had all. */
  readonly lastAt: number;
  readonly delivered: number;
}

interface Client {
  readonly socket: Socket;
  events: number;
  rest: string;
}

const EVENT = "\ndata:";
const PAGE_END = '"next":"';
const AT_ONCE = 200;

const crowd: Client[] = [];
let look = (): void => undefined;

answerParent({
  open: (order: Crowd) => open(order),
  until: (each: number) => until(each),
  close: () => {
    for (const { socket } of crowd.splice(0)) socket.destroy();
  },
});

/** Resolves when every stream has begun, or every poll was written. */
async function open({ url, key, queries, kind }: Crowd): Promise<number> {
  const { hostname, port } = new URL(url);
  const accept = kind === "stream" ? "text/event-stream" : "application/json";
  const needle = kind === "stream" ? EVENT : PAGE_END;
  for (let from = 0; from < queries.length; from += AT_ONCE) {
    const group = queries.slice(from, from + AT_ONCE).map(async (query) => {
      const socket = await connected(hostname, Number(port));
      const client: Client = { socket, events: 0, rest: "" };
      crowd.push(client);
      const begun = Promise.withResolvers<void>();
      socket.setEncoding("latin1");
      socket.on("data", (chunk: string) => {
        begun.resolve();
        count(client, chunk, needle);
      });
      socket.on("close", () => begun.reject(new Error("the server closed a stream")));
      socket.write(
        `GET /v1/events${query} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\nAccept: ${accept}\r\n\r\n`,
      );
      if (kind === "poll") begun.resolve();
      await begun.promise;
    });
    // oxlint-disable-next-line no-await-in-loop -- a listen queue is only so long
    await Promise.all(group);
  }
  return crowd.length;
}

function count(client: Client, chunk: string, needle: string): void {
  const text = client.rest + chunk;
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length))
    client.events += 1;
  client.rest = text.slice(-(needle.length - 1));
  look();
}

/** Resolves when all clients together have had so many events since the last question. */
function until(wanted: number): Promise<Arrivals> {
  return new Promise((resolve) => {
    look = () => {
      const delivered = crowd.reduce((sum, { events }) => sum + events, 0);
      if (delivered < wanted) return;
      look = () => undefined;
      for (const client of crowd) client.events = 0;
      resolve({ lastAt: performance.timeOrigin + performance.now(), delivered });
    };
    look();
  });
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}
