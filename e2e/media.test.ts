import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MediaHost, mp4, png, serve } from "./media-host.ts";
import { Pombo, QUICK } from "./pombo.ts";

const TO = "5511900000002";
const ON_OUR_MACHINE = { ...QUICK, POMBO_LOOPBACK_URLS: "1", POMBO_MEDIA_LOOK_MS: "1000" };
const IMPATIENT = {
  ...ON_OUR_MACHINE,
  POMBO_MEDIA_CONNECT_MS: "400",
  POMBO_MEDIA_IDLE_MS: "400",
  POMBO_MEDIA_FETCH_PAUSE_MS: "50",
};

const WEBP = Buffer.from("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==", "base64");
const OGG = Buffer.concat([
  Buffer.from(
    "OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0",
    "latin1",
  ),
  randomBytes(3_000),
]);
const PDF = Buffer.concat([Buffer.from("%PDF-1.7\n"), randomBytes(40_000)]);
const FILES = {
  image: { bytes: png(), type: "image/png" },
  video: { bytes: mp4(200_000, randomBytes(977)), type: "video/mp4" },
  audio: { bytes: OGG, type: "audio/ogg" },
  document: { bytes: PDF, type: "application/pdf" },
  sticker: { bytes: WEBP, type: "image/webp" },
} as const;
const KINDS = Object.keys(FILES) as (keyof typeof FILES)[];

async function sendFile(
  pombo: Pombo,
  content: Record<string, unknown>,
  over = {},
): Promise<string> {
  const body = { from: pombo.ready.device_id, to: TO, ...content, ...over };
  const answer = await pombo.api<{ message_id: string }>("POST", "/v1/messages", body);
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
  return answer.body.message_id;
}

/** The bytes that the phone decrypts. */
async function shown(pombo: Pombo, id: string): Promise<Buffer> {
  await pombo.until(id, ({ status }) => status === "delivered" || status === "read");
  const url = `${pombo.ready.control_url}/admin/phones/${TO}/messages/${id}/media`;
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(await answer.text());
  return Buffer.from(await answer.arrayBuffer());
}

async function uploads(pombo: Pombo): Promise<number> {
  const log = await pombo.control<{ kind: string; type?: string }[]>("GET", "/admin/log");
  return log.filter(({ kind, type }) => kind === "media" && type === "upload").length;
}

async function upload(pombo: Pombo, bytes: Buffer, type: string): Promise<string> {
  const answer = await fetch(`${pombo.ready.api_url}/v1/media`, {
    method: "POST",
    headers: { authorization: `Bearer ${pombo.ready.api_key}`, "content-type": type },
    body: new Uint8Array(bytes),
  });
  const { media_id: id } = (await answer.json()) as { media_id: string };
  return id;
}

let pombo: Pombo;
beforeAll(async () => {
  pombo = await Pombo.start({ env: IMPATIENT });
});
afterAll(() => pombo[Symbol.asyncDispose]());

test("every kind of media arrives as it was: by URL, in the body, by its id", async () => {
  const before = await uploads(pombo);
  await using host = await MediaHost.open(
    Object.fromEntries(
      KINDS.map((kind) => [`/${kind}`, serve(FILES[kind].bytes, FILES[kind].type)]),
    ),
  );
  const sent = await Promise.all(
    KINDS.map(async (kind) => {
      const { bytes, type } = FILES[kind];
      const ptt = kind === "audio" ? { ptt: true } : {};
      const worded = kind === "audio" || kind === "sticker" ? {} : { caption: "look" };
      const sources = [
        { url: `${host.url}/${kind}`, ...worded },
        { base64: bytes.toString("base64"), file_name: "a.bin" },
        { media_id: await upload(pombo, bytes, type) },
      ];
      const ids = await Promise.all(
        sources.map((source) => sendFile(pombo, { [kind]: { ...source, ...ptt } })),
      );
      return { kind, ids };
    }),
  );
  for (const { kind, ids } of sent)
    for (const id of ids) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await shown(pombo, id)).equals(FILES[kind].bytes), `${kind} ${id}`).toBe(true);
      expect(host.asked.get(`/${kind}`)).toBe(1);
    }
  expect((await uploads(pombo)) - before).toBe(15);
});

test("media sent three times is uploaded to WhatsApp once", async () => {
  const before = await uploads(pombo);
  const image = { media_id: await upload(pombo, FILES.image.bytes, "image/png") };
  const ids = [await sendFile(pombo, { image }), await sendFile(pombo, { image })];
  await Promise.all(ids.map((id) => pombo.until(id, ({ status }) => status === "read")));
  ids.push(await sendFile(pombo, { image }));
  for (const id of ids) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await shown(pombo, id)).equals(FILES.image.bytes)).toBe(true);
  }
  expect((await uploads(pombo)) - before).toBe(1);
});

test("a URL that can't be used fails its message with the reason, and nobody else's", async () => {
  const image = FILES.image.bytes;
  await using host = await MediaHost.open({
    "/good": serve(image, "image/png"),
    "/html": serve(Buffer.from("<html>"), "text/html"),
    "/lie": serve(image, "image/jpeg"),
    "/broken": (_req, res) => void res.writeHead(500).end(),
    "/slow": () => undefined,
    "/silent": (_req, res) => void res.writeHead(200).write(image.subarray(0, 50)),
    "/short": (_req, res) => {
      res.writeHead(200, { "content-length": image.length + 7 });
      res.write(image, () => res.destroy());
    },
    "/large": (_req, res) => void res.writeHead(200, { "content-length": 20_000_000 }).end("x"),
    "/inwards": (_req, res) => void res.writeHead(302, { location: "http://10.0.0.1/a" }).end(),
    "/metadata": (_req, res) =>
      void res.writeHead(302, { location: "http://169.254.169.254/latest" }).end(),
    "/loop": (_req, res) => void res.writeHead(302, { location: "/loop" }).end(),
  });
  const cases: readonly (readonly [url: string, reason: string, tries?: number])[] = [
    [`${host.url}/nothing`, "its host answers 404", 1],
    [`${host.url}/broken`, "its host answers 500", 3],
    [`${host.url}/slow`, "its host does not answer in time", 3],
    [`${host.url}/silent`, "its host fell silent", 3],
    [`${host.url}/html`, "the bytes are of no known type, which is no image", 1],
    [`${host.url}/lie`, "the bytes are image/png, but are declared as image/jpeg", 1],
    [
      `${host.url}/short`,
      `its download ended before the ${image.length + 7} bytes that its host declares`,
      3,
    ],
    [`${host.url}/large`, "it is larger than 16777216 bytes", 1],
    [`${host.url}/inwards`, "it redirects to a URL that names a private address", 1],
    [`${host.url}/metadata`, "it redirects to a URL that names a private address", 1],
    [`${host.url}/loop`, "it redirects more than 3 times"],
    ["http://192.168.0.1/a.png", "its URL names a private address"],
    ["http://[::ffff:10.0.0.1]/a.png", "its URL names a private address"],
    ["http://127.0.0.1:1/a.png", "its host can't be reached (ECONNREFUSED)"],
  ];
  const ids = await Promise.all(cases.map(([url]) => sendFile(pombo, { image: { url } })));
  const good = await sendFile(pombo, { image: { url: `${host.url}/good` } });
  for (const [index, [url, reason, tries]] of cases.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const message = await pombo.until(ids[index] ?? "", ({ status }) => status === "failed");
    expect(message.last_error).toMatchObject({
      error_code: "MEDIA_UNACCEPTABLE",
      error: expect.stringContaining(`the media can't be used: ${reason}`),
    });
    expect(message.timeline.map(({ status }) => status)).not.toContain("sending");
    if (tries !== undefined) expect(host.asked.get(new URL(url).pathname), url).toBe(tries);
  }
  expect((await shown(pombo, good)).equals(image)).toBe(true);
  const waited = await pombo.api<{ error_code: string; error: string }>(
    "POST",
    "/v1/messages",
    { from: pombo.ready.device_id, to: TO, image: { url: `${host.url}/nothing` } },
    { prefer: "wait=10" },
  );
  expect(waited).toMatchObject({ status: 422, body: { error_code: "MEDIA_UNACCEPTABLE" } });
  expect(waited.body.error).toContain("its host answers 404");
});

test("our own machine is private too, unless a test says otherwise", async () => {
  await using own = await Pombo.start({ env: QUICK });
  await using host = await MediaHost.open({ "/good": serve(FILES.image.bytes, "image/png") });
  const port = new URL(host.url).port;
  for (const url of [`${host.url}/good`, `http://localhost:${port}/good`]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const id = await sendFile(own, { image: { url } });
    // oxlint-disable-next-line no-await-in-loop
    const message = await own.until(id, ({ status }) => status === "failed");
    expect(message.last_error?.error_code).toBe("MEDIA_UNACCEPTABLE");
  }
  expect(host.asked.size).toBe(0);
});

test("a message whose media is slow says so, holds up only its own recipient, and survives its worker", async () => {
  await using own = await Pombo.start({ env: ON_OUR_MACHINE });
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  await using host = await MediaHost.open({
    "/gate": (_req, res) => {
      ask();
      void opened.then(() => serve(FILES.image.bytes, "image/png")(_req, res));
    },
  });
  const id = await sendFile(own, { image: { url: `${host.url}/gate` } });
  await asked;
  expect(await own.until(id, (m) => m.blocked_by === "media")).toMatchObject({
    status: "queued",
  });
  const behind = await own.send(TO, "after the picture");
  const other = await own.send("5511900000003", "somebody else");
  await own.until(other, ({ status }) => status === "read");
  expect((await own.message(behind)).status).toBe("queued");
  for (const pid of (await own.living()).worker) process.kill(pid, "SIGKILL");
  open();
  expect((await shown(own, id)).equals(FILES.image.bytes)).toBe(true);
  await own.until(behind, ({ status }) => status === "read");
  const messages = await own.phoneMessages(TO);
  expect(messages.map((message) => [message.id, message.copies])).toEqual([
    [id, 1],
    [behind, 1],
  ]);
});

test("a host that drips holds up no other media, and a canceled message gives its download up", async () => {
  const env = {
    ...ON_OUR_MACHINE,
    POMBO_MEDIA_PARALLEL: "1",
    POMBO_MEDIA_HOST_PARALLEL: "1",
    POMBO_MEDIA_WANTED_MS: "100",
  };
  await using own = await Pombo.start({ env });
  const [asked, given] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using slow = await MediaHost.open({
    "/drip": (_req, res) => {
      res.writeHead(200, { "content-type": "image/png" }).write(FILES.image.bytes.subarray(0, 50));
      res.on("close", () => given.resolve());
      asked.resolve();
    },
    "/quick": serve(FILES.image.bytes, "image/png"),
  });
  await using quick = await MediaHost.open({ "/quick": serve(FILES.image.bytes, "image/png") });
  const dripping = await sendFile(own, { image: { url: `${slow.url}/drip` } });
  await asked.promise;
  const behind = await sendFile(own, { image: { url: `${slow.url}/quick` } });
  const to = "5511900000003";
  for (const image of [
    { url: `${quick.url}/quick` },
    { base64: FILES.image.bytes.toString("base64") },
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const id = await sendFile(own, { image }, { to });
    // oxlint-disable-next-line no-await-in-loop
    await own.until(id, ({ status }) => status === "read");
  }
  await own.api("POST", `/v1/messages/${dripping}/cancel`);
  await given.promise;
  await own.until(behind, ({ status }) => status === "read");
  expect((await own.message(dripping)).status).toBe("canceled");
});

test("an upload that WhatsApp does not take is tried again, and nothing was sent before", async () => {
  await pombo.fault("media", { http_status: 503 }, { times: 3 });
  const base64 = FILES.image.bytes.toString("base64");
  const id = await sendFile(pombo, { image: { base64 } });
  const message = await pombo.until(id, ({ status }) => status === "read");
  expect(message.timeline.some((entry) => entry.error_code === "MEDIA_UPLOAD_FAILED")).toBe(true);
  expect(message.timeline.filter(({ status }) => status === "sending")).toHaveLength(1);
  expect((await shown(pombo, id)).equals(FILES.image.bytes)).toBe(true);
});

test.each(["media_kept", "media_uploaded"])(
  "a worker that dies at %s is followed by one that neither fetches nor uploads again",
  async (point) => {
    await using own = await Pombo.start({ env: { ...ON_OUR_MACHINE, POMBO_FAULT_POINT: point } });
    await using host = await MediaHost.open({ "/a": serve(FILES.image.bytes, "image/png") });
    const [victim] = (await own.living()).worker;
    const id = await sendFile(own, { image: { url: `${host.url}/a` } });
    expect((await shown(own, id)).equals(FILES.image.bytes)).toBe(true);
    expect((await own.living()).worker).not.toContain(victim);
    expect(host.asked.get("/a")).toBe(1);
    expect(await uploads(own)).toBe(1);
    expect((await own.phoneMessages(TO)).map(({ copies }) => copies)).toEqual([1]);
  },
);

test("50 MB by URL, then 100 MB uploaded: memory does not grow with them", async () => {
  await using own = await Pombo.start({ env: ON_OUR_MACHINE });
  const film = mp4(50 * MB, randomBytes(1_021));
  const large = mp4(100 * MB, randomBytes(1_019));
  await using host = await MediaHost.open({ "/film": serve(film, "video/mp4") });
  const grown = async (work: () => Promise<void>) => {
    const before = await own.memory();
    await work();
    const after = await own.memory();
    return { worker: (after.worker - before.worker) / MB, api: (after.api - before.api) / MB };
  };
  const send = async (video: object, bytes: Buffer): Promise<void> => {
    const id = await sendFile(own, { video });
    await own.until(id, ({ status }) => status === "read", 60_000);
    expect(digest(await shown(own, id))).toBe(digest(bytes));
  };
  const byUrl = await grown(() => send({ url: `${host.url}/film` }, film));
  expect(byUrl.worker).toBeLessThan(64);
  expect(byUrl.api).toBeLessThan(64);
  const uploaded = await grown(async () => {
    await send({ media_id: await upload(own, large, "video/mp4") }, large);
  });
  // Node collects what a stream leaves behind when some 60 MB of it have come together, later on a crowded machine.
  expect(uploaded.worker).toBeLessThan(128);
  expect(uploaded.api).toBeLessThan(128);
});

const MB = 1_048_576;

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
