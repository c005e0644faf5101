import { connect, type Socket } from "node:net";
import { randomBytes } from "node:crypto";
import { answerParent } from "./answer-parent.ts";
import { type Numbers, numberOf } from "./numbers.ts";
import { percentile } from "./statistics.ts";

/**
 * The load, a process of its own: posts messages over keep-alive connections. It speaks just as much HTTP as it needs, so that
 * it takes little of the CPU that the measured processes share with it.
 */
export interface Target {
  /** http://host:port */
  readonly url: string;
  readonly key: string;
  readonly devices: readonly string[];
  readonly numbers: Numbers;
  /** An `Idempotency-Key` of its own with every request. */
  readonly idempotent?: boolean;
}

export interface Flood extends Target {
  readonly connections: number;
  /** Ends after so many messages, or after so long. */
  readonly count?: number;
  readonly ms?: number;
}

export interface FloodEnd {
  readonly accepted: number;
  readonly refused: number;
  readonly ms: number;
  /** ms since the epoch */
  readonly startedAt: number;
  /** From the write of a request to its whole answer, ms. */
  readonly p50: number;
  readonly p99: number;
}

export interface Paced extends Target {
  readonly count: number;
  readonly gapMs: number;
}

/** When each request was begun (ms since the epoch), by the id of its message. */
export type PacedEnd = readonly [id: string, at: number, acceptedMs: number][];

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Line {
  /** One request after the other. */
  post(request: string): Promise<Answer>;
  close(): void;
}

const LONGEST_MS = 120_000;

answerParent({ flood: (order: Flood) => flood(order), paced: (order: Paced) => paced(order) });

async function flood(order: Flood): Promise<FloodEnd> {
  const { count = Number.POSITIVE_INFINITY, ms = LONGEST_MS } = order;
  const lines = await openLines(order.url, order.connections);
  const startedAt = now();
  const until = performance.now() + ms;
  const from = performance.now();
  let next = 0;
  let accepted = 0;
  let refused = 0;
  const took: number[] = [];
  await Promise.all(
    lines.map(async (line) => {
      while (next < count && performance.now() < until) {
        const request = requestOf(order, next);
        next += 1;
        const begun = performance.now();
        // oxlint-disable-next-line no-await-in-loop -- one in flight per connection
        const { status } = await line.post(request);
        took.push(performance.now() - begun);
        if (status === 202) accepted += 1;
        else refused += 1;
      }
    }),
  );
  const lasted = performance.now() - from;
  for (const line of lines) line.close();
  const latency = { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
  return { accepted, refused, ms: lasted, startedAt, ...latency };
}

/** Begins one request every `gapMs`, whatever became of the one before. */
async function paced(order: Paced): Promise<PacedEnd> {
  const free = await openLines(order.url, 20);
  const all = [...free];
  const from = performance.now();
  const post = async (index: number): Promise<PacedEnd[number]> => {
    await pause(Math.max(0, from + index * order.gapMs - performance.now()));
    const line = free.shift();
    if (line === undefined) throw new Error("the answers take too long for this pace");
    const at = now();
    const { status, body } = await line.post(requestOf(order, index));
    const acceptedMs = now() - at;
    free.push(line);
    if (status !== 202) throw new Error(`answered ${status}: ${body}`);
    return [(JSON.parse(body) as { readonly message_id: string }).message_id, at, acceptedMs];
  };
  const sent = await Promise.all(Array.from({ length: order.count }, (_, index) => post(index)));
  for (const line of all) line.close();
  return sent;
}

/** Device by device, then number by number. */
function requestOf(target: Target, index: number): string {
  const { devices, numbers, key, idempotent = false } = target;
  const device = index % devices.length;
  const to = numberOf(numbers, device, Math.floor(index / devices.length));
  const random = randomBytes(9).toString("hex");
  const body = JSON.stringify({ from: devices[device], to, text: textOf(random) });
  return (
    `POST /v1/messages HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n` +
    (idempotent ? `Idempotency-Key: ${random}\r\n` : "") +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** 100 characters, another text every time. */
function textOf(random: string): string {
  return `${random} the quick brown fox jumps over the lazy dog `.padEnd(100, "x").slice(0, 100);
}

function openLines(url: string, count: number): Promise<Line[]> {
  const { hostname, port } = new URL(url);
  return Promise.all(Array.from({ length: count }, () => openLine(hostname, Number(port))));
}

async function openLine(host: string, port: number): Promise<Line> {
  const socket = await connected(host, port);
  let read = "";
  let waiting: PromiseWithResolvers<Answer> | undefined;
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    read += chunk;
    const answer = wholeAnswer(read);
    if (answer === undefined) return;
    read = "";
    waiting?.resolve(answer);
  });
  socket.on("close", () => waiting?.reject(new Error("the server closed the connection")));
  return {
    post(request) {
      waiting = Promise.withResolvers<Answer>();
      socket.write(request);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}

function connected(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Undefined until all of it is there. Both servers give a length. */
function wholeAnswer(text: string): Answer | undefined {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const length = /content-length: *(\d+)/i.exec(text.slice(0, head))?.[1];
  if (length === undefined) throw new Error("an answer without a length");
  const body = text.slice(head + 4);
  if (Buffer.byteLength(body) < Number(length)) return undefined;
  return { status: Number(text.slice(9, 12)), body };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
