import { PomboError, type PomboEvent } from "@pombo/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type EventStream, type LiveState, openEventStream } from "./event-stream.ts";

interface Connection {
  /** What it asked for. */
  readonly cursor: string | undefined;
  readonly signal: AbortSignal;
  say(text: string): void;
  end(): void;
}

let stream: EventStream;
let connections: Connection[];
let states: LiveState[];
let heard: string[];
let missed: number;
/** How the next connection is refused; it is taken when absent. */
let refusal: Error | undefined;
let refused: number[];

beforeEach(() => {
  vi.useFakeTimers();
  [connections, states, heard, refused] = [[], [], [], []];
  missed = 0;
  refusal = undefined;
  stream = openEventStream({
    ask,
    hear: ({ type }: PomboEvent) => heard.push(type),
    miss: () => (missed += 1),
    become: (state) => states.push(state),
  });
});

afterEach(() => {
  stream.hide();
  vi.useRealTimers();
});

/** The server's end: each connection is a body that the test writes. */
async function ask(cursor: string | undefined, signal: AbortSignal): Promise<Response> {
  if (refusal !== undefined) {
    refused.push(Date.now());
    throw refusal;
  }
  const utf8 = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal.addEventListener("abort", () => controller.error(signal.reason), { once: true });
      connections.push({
        cursor,
        signal,
        say: (text) => controller.enqueue(utf8.encode(text)),
        end: () => controller.close(),
      });
    },
  });
  return new Response(body);
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const kinds = (): readonly string[] => states.map(({ kind }) => kind);
const last = (): Connection => {
  const connection = connections.at(-1);
  if (connection === undefined) throw new Error("nobody has connected");
  return connection;
};
const event = (type: string, data: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, data })}\n\n`;
const outageOf = (status: number): PomboError =>
  new PomboError({ code: status === 0 ? "NO_ANSWER" : "VALIDATION_ERROR", status, detail: "no" });

test("a connection that breaks is made again behind the last cursor, and is not called live meanwhile", async () => {
  stream.open();
  await pass(0);
  expect(last().cursor).toBeUndefined();
  last().say(`id: 5-0\n\n`);
  last().say(`id: 7-0\n${event("device.connected")}`);
  await pass(0);
  expect(kinds()).toEqual(["connecting", "live"]);
  last().say(event("closing"));
  last().end();
  await pass(0);
  expect(kinds()).toEqual(["connecting", "live", "connecting"]);
  await pass(2_000);
  expect(connections.map(({ cursor }) => cursor)).toEqual([undefined, "7-0"]);
  last().say(`id: 8-0\n${event("lane.paused")}`);
  await pass(0);
  expect(kinds().at(-1)).toBe("live");
  expect(heard).toEqual(["device.connected", "lane.paused"]);
  expect(missed).toBe(0);
});

test("while Pombo is away the waits double up to 8 s, and begin anew once it was there", async () => {
  refusal = outageOf(0);
  stream.open();
  await pass(60_000);
  const waits = refused.slice(1).map((at, index) => at - (refused[index] ?? 0));
  expect(waits.length).toBeGreaterThan(5);
  for (const [index, wait] of waits.entries()) {
    const longest = Math.min(8_000, 2_000 * 2 ** index);
    expect(wait).toBeGreaterThanOrEqual(longest / 2);
    expect(wait).toBeLessThanOrEqual(longest);
  }
  refusal = undefined;
  await pass(8_000);
  last().say("\n");
  last().end();
  await pass(2_000);
  expect(connections).toHaveLength(2);
});

test("15 s without a sign of life are told with the time of the last one; after 30 s it is asked again", async () => {
  stream.open();
  await pass(0);
  last().say("id: 3-0\n\n");
  await pass(10_000);
  last().say(":\n\n");
  await pass(0);
  const beat = Date.now();
  await pass(14_000);
  expect(kinds().at(-1)).toBe("live");
  await pass(1_000);
  expect(states.at(-1)).toEqual({ kind: "stopped", since: beat });
  expect(connections).toHaveLength(1);
  await pass(18_000);
  expect(connections[0]?.signal.aborted).toBe(true);
  expect(connections.map(({ cursor }) => cursor)).toEqual([undefined, "3-0"]);
  expect(kinds().at(-1)).toBe("stopped");
  last().say("\n");
  await pass(0);
  expect(kinds().at(-1)).toBe("live");
});

test("a place that the log no longer has is forgotten, and everything asked again; so it is behind a gap", async () => {
  stream.open();
  await pass(0);
  last().say("id: 9-0\n\n");
  last().say(`event: gap\ndata: {"oldest":"8-0"}\n\n`);
  await pass(0);
  expect(missed).toBe(1);
  refusal = outageOf(400);
  last().end();
  await pass(2_000);
  expect(missed).toBe(2);
  refusal = undefined;
  await pass(4_000);
  expect(last().cursor).toBeUndefined();
});

test("once the session has ended nothing is asked any more", async () => {
  refusal = outageOf(401);
  stream.open();
  await pass(60_000);
  expect(refused).toHaveLength(1);
});

test("out of sight the connection is closed, and no timer is left; shown again it goes on where it was", async () => {
  stream.open();
  await pass(0);
  last().say("id: 4-0\n\n");
  await pass(0);
  stream.hide();
  await pass(0);
  expect(stream.isOpen()).toBe(false);
  expect(last().signal.aborted).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  expect(kinds()).toEqual(["connecting", "live", "hidden"]);
  stream.open();
  await pass(0);
  expect(kinds().at(-1)).toBe("connecting");
  expect(last().cursor).toBe("4-0");
});

test("Redis' silence is told with its begin, until an overview comes", async () => {
  stream.open();
  await pass(0);
  last().say(event("outage", { since: "2030-01-31T12:00:00Z" }));
  await pass(0);
  expect(states.at(-1)).toEqual({ kind: "outage", since: Date.parse("2030-01-31T12:00:00Z") });
  last().say(event("overview"));
  await pass(0);
  expect(kinds().at(-1)).toBe("live");
});
