import type { RequestListener } from "node:http";
import { DEFAULT_SETTINGS, type MediaId, type Settings } from "@pombo/domain";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { fetchMedia, type MediaUrl } from "./index.ts";
import { openHost, openTestStore, picture } from "./media-fixture.ts";

const image = await picture("jpeg");

async function setup(listener: RequestListener, impatience: Partial<Settings> = {}) {
  const settings = { ...DEFAULT_SETTINGS, ...impatience };
  const opened = new AsyncDisposableStack();
  const host = opened.use(await openHost(listener));
  const { store, room } = opened.use(await openTestStore());
  const never = new AbortController().signal;
  return {
    host,
    store,
    fetch: (over: Partial<MediaUrl> = {}, allowLoopback = true) =>
      fetchMedia(
        {
          id: "med_0123456789abcdef" as MediaId,
          url: `${host.url}/picture.jpg`,
          kind: "image",
          limitBytes: 1_000_000,
          ...over,
        },
        { room, settings, allowLoopback },
        never,
      ),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const answers =
  (
    status: number,
    headers: Record<string, string | number> = {},
    body: Buffer | string = "",
  ): RequestListener =>
  (_req, res) =>
    void res.writeHead(status, headers).end(body);

test("what a URL names is fetched and kept, over redirects too", async () => {
  await using t = await setup((req, res) => {
    if (req.url === "/picture.jpg") res.writeHead(302, { location: "/again" }).end();
    else if (req.url === "/again") res.writeHead(301, { location: "real" }).end();
    else res.writeHead(200, { "content-type": "image/jpeg" }).end(image);
  });
  const fetched = await t.fetch();
  if (fetched.kind !== "fetched") throw new Error(fetched.reason);
  const stream = await t.store.read(fetched.facts.object);
  expect(stream && (await buffer(stream)).equals(image)).toBe(true);
});

test.each([
  ["not found", answers(404), "refused", "its host answers 404"],
  ["its host fails", answers(503), "failed", "its host answers 503"],
  ["its host is busy", answers(429), "failed", "its host answers 429"],
  ["a redirect to nowhere", answers(302), "refused", "its host answers 302"],
  [
    "an endless redirect",
    answers(302, { location: "/" }),
    "refused",
    "it redirects more than 3 times",
  ],
  [
    "a redirect to a private address",
    answers(302, { location: "http://10.0.0.1/a.jpg" }),
    "refused",
    "it redirects to a URL that names a private address",
  ],
  [
    "a redirect to the metadata address",
    answers(307, { location: "http://169.254.169.254/latest/meta-data" }),
    "refused",
    "it redirects to a URL that names a private address",
  ],
  [
    "a redirect to a file",
    answers(302, { location: "file:///etc/passwd" }),
    "refused",
    "it redirects to a URL that is neither http nor https",
  ],
  [
    "a text instead of an image",
    answers(200, { "content-type": "text/html" }, "<html>"),
    "refused",
    "the bytes are of no known type, which is no image",
  ],
  [
    "a text that calls itself an image",
    answers(200, { "content-type": "image/jpeg" }, "<html>"),
    "refused",
    "the bytes are of no known type, but are declared as image/jpeg",
  ],
  [
    "an image that calls itself another",
    answers(200, { "content-type": "image/png" }, image),
    "refused",
    "the bytes are image/jpeg, but are declared as image/png",
  ],
  [
    "an encoding",
    answers(200, { "content-encoding": "gzip" }, "x"),
    "refused",
    "its host answers with an encoding that was not asked for",
  ],
  [
    "too many declared bytes",
    answers(200, { "content-length": 1_000_001 }, "x"),
    "refused",
    "it is larger than 1000000 bytes",
  ],
  ["nothing", answers(200), "refused", "it is empty"],
] as const)("%s", async (_, listener, kind, reason) => {
  await using t = await setup(listener);
  expect(await t.fetch()).toEqual({ kind, reason });
});

test("fewer bytes than were declared", async () => {
  await using t = await setup((_req, res) => {
    res.writeHead(200, { "content-type": "image/jpeg", "content-length": image.length + 10 });
    res.write(image, () => res.destroy());
  });
  expect(await t.fetch()).toEqual({
    kind: "failed",
    reason: `its download ended before the ${image.length + 10} bytes that its host declares`,
  });
});

test("more bytes than were declared: what is there may be half of a file", async () => {
  const declared = image.length - 10;
  await using t = await setup((_req, res) => {
    res.writeHead(200, { "content-type": "image/jpeg", "content-length": declared });
    res.end(image);
  });
  expect(await t.fetch()).toEqual({
    kind: "failed",
    reason: `its host sends more than the ${declared} bytes that it declares`,
  });
  for await (const { name } of t.store.list()) expect.unreachable(`${name} is kept`);
});

test("an encoding that changes nothing, however it is written", async () => {
  const headers = { "content-type": "image/jpeg", "content-encoding": "Identity" };
  await using t = await setup(answers(200, headers, image));
  expect((await t.fetch()).kind).toBe("fetched");
});

test("more bytes than allowed, without a declared length", async () => {
  await using t = await setup((_req, res) => {
    res.writeHead(200);
    const more = (): void => {
      while (!res.destroyed && res.write(Buffer.alloc(60_000)));
    };
    res.on("drain", more);
    more();
  });
  expect(await t.fetch()).toEqual({ kind: "refused", reason: "it is larger than 1000000 bytes" });
});

test("a host that never answers", async () => {
  await using t = await setup(() => undefined, { media_connect_ms: 300 });
  expect(await t.fetch()).toEqual({ kind: "failed", reason: "its host does not answer in time" });
});

test("a host that falls silent", async () => {
  await using t = await setup(
    (_req, res) => void res.writeHead(200).write(image.subarray(0, 100)),
    { media_idle_ms: 1_000 },
  );
  expect(await t.fetch()).toEqual({ kind: "failed", reason: "its host fell silent" });
});

test("a host that drips", async () => {
  const drip: RequestListener = (_req, res) => {
    res.writeHead(200);
    const timer = setInterval(() => res.write(Buffer.alloc(1)), 50);
    res.on("close", () => clearInterval(timer));
  };
  await using t = await setup(drip, { media_fetch_ms: 1_500 });
  expect(await t.fetch()).toEqual({ kind: "failed", reason: "its download took too long" });
});

test("a port where nobody listens, a name that nobody has", async () => {
  await using t = await setup(answers(200));
  expect(await t.fetch({ url: "http://127.0.0.1:1/a.jpg" })).toEqual({
    kind: "failed",
    reason: "its host can't be reached (ECONNREFUSED)",
  });
  expect((await t.fetch({ url: "http://nobody.invalid/a.jpg" })).kind).toBe("failed");
});

test.each([
  "http://127.0.0.1/a.jpg",
  "http://0x7f.1/a.jpg",
  "http://2130706433/a.jpg",
  "http://[::1]/a.jpg",
  "http://[::ffff:127.0.0.1]/a.jpg",
  "http://[::ffff:10.0.0.1]/a.jpg",
  "http://0.0.0.0/a.jpg",
  "http://10.1.2.3/a.jpg",
  "http://172.16.0.1/a.jpg",
  "http://192.168.1.1/a.jpg",
  "http://100.64.0.1/a.jpg",
  "http://169.254.169.254/latest/meta-data",
  "http://224.0.0.1/a.jpg",
  "http://[fd00::1]/a.jpg",
  "http://[fe80::1]/a.jpg",
  "http://[64:ff9b::a00:1]/a.jpg",
])("%s is refused", async (url) => {
  let asked = 0;
  await using t = await setup(() => void (asked += 1));
  const reason = expect.stringMatching(/^its URL names a private address/);
  expect(await t.fetch({ url }, false)).toEqual({ kind: "refused", reason });
  expect(asked).toBe(0);
});

test("a name that leads to our own machine is refused when the socket looks it up", async () => {
  let asked = 0;
  await using t = await setup(() => void (asked += 1));
  const url = `http://localhost:${t.host.port}/a.jpg`;
  const refusal = { kind: "refused", reason: "its host has no public address" };
  expect(await t.fetch({ url }, false)).toEqual(refusal);
  expect(asked).toBe(0);
});

test.each([
  ["ftp://example.com/a.jpg", "its URL is neither http nor https"],
  ["http://name:secret@example.com/a.jpg", "its URL holds a user name or password"],
])("%s is refused", async (url, reason) => {
  await using t = await setup(answers(200));
  expect(await t.fetch({ url })).toEqual({ kind: "refused", reason });
});

test("a host that switches to another protocol is refused, and nobody waits for it", async () => {
  await using t = await setup((_req, res) => {
    res.socket?.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    );
  });
  expect(await t.fetch()).toEqual({ kind: "refused", reason: "its host answers 101" });
});
