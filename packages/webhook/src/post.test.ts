import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSocketServer, type AddressInfo, type Server } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { openPoster } from "./post.ts";

const never = new AbortController().signal;

async function listen(server: Server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A receiver on our own machine, and a poster that may go there. */
async function setup(
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  { timeoutMs = 5_000, allowsPrivate = true } = {},
) {
  const seen: { method: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  const server = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => {
      seen.push({ method: req.method ?? "", headers: req.headers, body });
      answer(req, res);
    });
  });
  const port = await listen(server);
  const poster = openPoster({ allowsPrivate, timeoutMs });
  return {
    seen,
    port,
    post: (url = `http://127.0.0.1:${port}/in`, stop = never) =>
      poster.post({ url, headers: { "webhook-id": "wh_1" }, body: '{"a":"ã"}' }, stop),
    async [Symbol.asyncDispose]() {
      poster.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("the body and the headers arrive as they are, and connections are used again", async () => {
  const ports = new Set<number | undefined>();
  await using t = await setup((req, res) => {
    ports.add(req.socket.remotePort);
    res.writeHead(204).end();
  });
  for (let count = 0; count < 3; count += 1)
    expect(await t.post()).toEqual({ kind: "answered", status: 204 });
  expect(t.seen[0]).toMatchObject({
    method: "POST",
    body: '{"a":"ã"}',
    headers: { "webhook-id": "wh_1", "content-type": "application/json", "content-length": "10" },
  });
  expect(ports.size).toBe(1);
});

test("who switches to another protocol has answered, and holds nobody up", async () => {
  const server = createSocketServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    });
  });
  const url = `http://127.0.0.1:${await listen(server)}/in`;
  const poster = openPoster({ allowsPrivate: true, timeoutMs: 5_000 });
  const outcome = await poster.post({ url, headers: {}, body: "{}" }, never);
  expect(outcome).toEqual({ kind: "answered", status: 101 });
  poster.close();
  const closed = once(server, "close");
  server.close();
  // Its connection is ours no longer: nothing keeps the receiver from closing.
  await closed;
});

test("a redirect is an answer, and nobody goes there", async () => {
  await using t = await setup((_req, res) =>
    res.writeHead(307, { location: "http://127.0.0.1:1/secret" }).end(),
  );
  expect(await t.post()).toEqual({ kind: "answered", status: 307 });
  expect(t.seen).toHaveLength(1);
});

test("Retry-After in seconds is told, a date is not", async () => {
  let after = "7";
  await using t = await setup((_req, res) => res.writeHead(503, { "retry-after": after }).end());
  expect(await t.post()).toEqual({ kind: "answered", status: 503, retryAfterMs: 7_000 });
  after = "Wed, 21 Oct 2026 07:28:00 GMT";
  expect(await t.post()).toEqual({ kind: "answered", status: 503 });
});

test("who does not answer in time is not waited for", async () => {
  await using t = await setup(() => undefined, { timeoutMs: 150 });
  expect(await t.post()).toEqual({ kind: "unanswered", reason: "timeout" });
});

test("an answer without an end counts by its status", async () => {
  await using t = await setup((_req, res) => void res.writeHead(200).write("and then"), {
    timeoutMs: 1_500,
  });
  expect(await t.post()).toEqual({ kind: "answered", status: 200, excerpt: "and then" });
});

test("of what is compressed no words are told", async () => {
  await using t = await setup((_req, res) =>
    res.writeHead(500, { "content-encoding": "gzip" }).end("not shown"),
  );
  expect(await t.post()).toEqual({ kind: "answered", status: 500 });
});

test("of an endless answer only so much is read", async () => {
  let written = 0;
  await using t = await setup((_req, res) => {
    res.writeHead(200);
    const chunk = Buffer.alloc(16_384);
    const more = (): void => {
      while (!res.destroyed && written < 50_000_000 && res.write(chunk)) written += chunk.length;
    };
    res.on("drain", more);
    more();
  });
  expect(await t.post()).toEqual({ kind: "answered", status: 200 });
  expect(written).toBeLessThan(50_000_000);
});

test("nobody there, no name, no TLS and a cut connection are told apart", async () => {
  await using t = await setup((req) => req.socket.destroy());
  expect(await t.post()).toEqual({ kind: "unanswered", reason: "connection" });
  const closed = createSocketServer();
  const port = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  expect(await t.post(`http://127.0.0.1:${port}/`)).toEqual({
    kind: "unanswered",
    reason: "connection",
  });
  expect(await t.post("http://nobody.invalid/")).toEqual({ kind: "unanswered", reason: "dns" });
  expect(await t.post(`https://127.0.0.1:${t.port}/`)).toMatchObject({ reason: "tls" });
});

test.each([
  "http://example.com/",
  "https://127.0.0.1/",
  "https://localhost/",
  "https://[::1]/",
  "https://[::ffff:10.0.0.1]/",
  "https://2130706433/",
])("outside development nothing goes to %s", async (url) => {
  await using t = await setup((_req, res) => res.end(), { allowsPrivate: false });
  const own = url.replace(/\/$/, `:${t.port}/`);
  expect(await t.post(own)).toEqual({ kind: "unanswered", reason: "refused_address" });
  expect(t.seen).toEqual([]);
});

test("a stop ends it without a verdict", async () => {
  const stop = new AbortController();
  await using t = await setup(() => stop.abort());
  await expect(t.post(undefined, stop.signal)).rejects.toThrow();
});
