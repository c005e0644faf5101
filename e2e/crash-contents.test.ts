import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { MediaHost, png, serve } from "./media-host.ts";
import { type OutsideProcess, startOutside } from "./outside-process.ts";
import { type Message, Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
/** A recipient that no other test writes to. */
const someone = () => `55119300${String((next += 1)).padStart(5, "0")}`;
const isRead = ({ status }: Message) => status === "read";
const PICTURE = png();

/** Once some messages are read, the supervisor's own worker is gone: each test brings those that it needs. */
beforeAll(async () => {
  const env = {
    ...QUICK,
    POMBO_IDEMPOTENCY_CLAIM_MS: "1000",
    POMBO_LOOPBACK_URLS: "1",
    POMBO_MEDIA_LOOK_MS: "1000",
  };
  pombo = await Pombo.start({ env, args: ["--no-restart"] });
  const count = CHANGES.length * (CHANGE_DEATHS.length + API_POINTS.length) + SPARE;
  readBefore.push(...(await Promise.all(Array.from({ length: count }, readMessage))));
  for (const pid of pombo.ready.pids.worker) process.kill(pid, "SIGKILL");
});
afterAll(() => pombo[Symbol.asyncDispose]());
beforeEach(() => pombo.control("DELETE", "/admin/faults"));

async function post(body: object): Promise<string> {
  const sent = await pombo.api<{ message_id: string }>("POST", "/v1/messages", {
    from: pombo.ready.device_id,
    ...body,
  });
  expect(sent, JSON.stringify(sent.body)).toMatchObject({ status: 202 });
  return sent.body.message_id;
}

/** The receipts of what was relayed come after the death, and where it is sent again, after that. */
async function answerLate(phone: string, point: string): Promise<void> {
  const delivered = point === "sent" ? 5_000 : 1_000;
  const delays = { delivered, read: delivered + 200 };
  await pombo.control("POST", `/admin/phones/${phone}/settings`, { delays });
}

async function dieAt(point: string): Promise<void> {
  // A second look at media that is slow to come would be a job more.
  const looks = point.endsWith(":2") ? { POMBO_MEDIA_LOOK_MS: "20000" } : {};
  await using dying = await startOutside(pombo, "worker", { POMBO_FAULT_POINT: point, ...looks });
  expect(await dying.ended).toBe("SIGKILL");
}

interface LogEntry {
  readonly kind: string;
  readonly type?: string;
}

async function uploads(): Promise<number> {
  const log = await pombo.control<readonly LogEntry[]>("GET", "/admin/log");
  return log.filter(({ kind, type }) => kind === "media" && type === "upload").length;
}

/** The bytes that the phone decrypts. */
async function shownFile(phone: string, id: string): Promise<Buffer> {
  const answer = await fetch(
    `${pombo.ready.control_url}/admin/phones/${phone}/messages/${id}/media`,
  );
  if (!answer.ok) throw new Error(await answer.text());
  return Buffer.from(await answer.arrayBuffer());
}

/** How often the URL of the media is asked for in both lives, where that is certain. */
const MEDIA_DEATHS = [
  { point: "fetched", left: ["queued"], asked: 1 },
  { point: "set_aside", left: ["queued"], asked: 1 },
  { point: "media_fetched", left: ["queued"], asked: 2 },
  { point: "media_kept", left: ["queued"], asked: 1 },
  { point: "media_uploaded", left: ["queued"], asked: 1 },
  { point: "media_ready", left: ["queued"], asked: 1 },
  { point: "begun", left: ["sending"], asked: 1 },
  { point: "sent", left: ["sending", "sent"], asked: 1 },
  // The first job of a picture ends when it is set aside.
  { point: "settled:1", left: ["queued"], asked: 1 },
  { point: "settled:2", left: ["sent"], asked: 1 },
  { point: "finished:2", left: ["sent"], asked: 1 },
];

test.each(MEDIA_DEATHS)(
  "a picture, and the worker dies at $point: it arrives once, fetched $asked times, uploaded once",
  async ({ point, left, asked }) => {
    const to = someone();
    await answerLate(to, point);
    await using host = await MediaHost.open({ "/a": serve(PICTURE, "image/png") });
    const before = await uploads();
    const id = await post({ to, image: { url: `${host.url}/a`, caption: point } });
    const behind = await post({ to, text: "after it" });
    await dieAt(point);
    const found = await pombo.message(id);
    expect(left).toContain(found.status);
    const underWay = found.status === "sending";

    await using _next = await startOutside(pombo, "worker");
    const message = await pombo.until(id, isRead);
    // Receipts that are quicker than the next process prove that nothing has to be sent again.
    const proved = point === "sent" && message.attempts === 1;
    expect(message.attempts).toBe(underWay && !proved ? 2 : 1);
    await pombo.until(behind, isRead);
    const copies = point === "sent" ? message.attempts : 1;
    const shown = await pombo.phoneMessages(to);
    expect(shown.map((it) => [it.id, it.copies])).toEqual([
      [id, copies],
      [behind, 1],
    ]);
    expect(await shownFile(to, id)).toEqual(PICTURE);
    expect(host.asked.get("/a")).toBe(asked);
    expect((await uploads()) - before).toBe(1);
  },
);

const CHANGES = [
  { name: "an edit", method: "PATCH", body: { text: "changed" } },
  { name: "a deletion", method: "DELETE", body: undefined },
] as const;

interface Shown {
  readonly id: string;
  readonly target?: string;
  readonly text?: string;
  readonly revoked_by?: string;
}

/** The message is on the phone, changed by the other one, which came so often, and nothing else. */
async function isChanged(
  to: string,
  ids: { readonly target: string; readonly change: string },
  copies = 1,
) {
  const { target, change } = ids;
  const shown = await eventually(
    async () => (await pombo.phoneMessages(to)) as readonly Shown[],
    ([first]) => first?.text === "changed" || first?.revoked_by === change,
  );
  expect(shown).toMatchObject([{ id: target }, { id: change, target, copies }]);
}

interface ReadMessage {
  readonly to: string;
  readonly target: string;
}

/** For tests that are tried again. */
const SPARE = 6;
/** One for each test that changes a message. */
const readBefore: ReadMessage[] = [];

async function readMessage(): Promise<ReadMessage> {
  const to = someone();
  const target = await post({ to, text: "as it was" });
  await pombo.until(target, isRead);
  return { to, target };
}

function takeRead(): ReadMessage {
  const taken = readBefore.pop();
  if (taken === undefined) throw new Error("all messages that were read before are changed");
  return taken;
}

const CHANGE_DEATHS = [
  { point: "fed", left: ["queued"] },
  { point: "fetched", left: ["queued"] },
  { point: "begun", left: ["sending"] },
  { point: "sent", left: ["sending", "sent"] },
  { point: "settled", left: ["sent"] },
];

test.each(CHANGES.flatMap((change) => CHANGE_DEATHS.map((death) => ({ ...change, ...death }))))(
  "$name, and the worker dies at $point: it changes its message once",
  async ({ method, body, point, left }) => {
    const { to, target } = takeRead();
    await answerLate(to, point);
    const changed = await pombo.api<{ message_id: string }>(method, `/v1/messages/${target}`, body);
    expect(changed, JSON.stringify(changed.body)).toMatchObject({ status: 202 });
    const change = changed.body.message_id;
    await dieAt(point);
    const found = await pombo.message(change);
    expect(left).toContain(found.status);
    await using _next = await startOutside(pombo, "worker");
    const done = await pombo.until(change, ({ status }) => status === "sent" || status === "read");
    const underWay = found.status === "sending";
    const proved = point === "sent" && done.attempts === 1;
    expect(done.attempts).toBe(underWay && !proved ? 2 : 1);
    await isChanged(to, { target, change }, point === "sent" ? done.attempts : 1);
  },
);

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

async function ask({ url }: { readonly url: string }, request: Request, key: string) {
  const { method, path, body } = request;
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${pombo.ready.api_key}`,
      "idempotency-key": key,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    body: (await response.json()) as { readonly message_id: string },
  };
}

/** An API dies with the request in hand; its client's retry goes to another one. */
async function askTwice(point: string, request: Request, key: string) {
  await using dying: OutsideProcess = await startOutside(pombo, "api", {
    POMBO_API_FAULT_POINT: point,
  });
  await expect(ask(dying, request, key)).rejects.toThrow("fetch failed");
  expect(await dying.ended).toBe("SIGKILL");
  // The claim of the dead belongs to it for a while.
  const again = () => ask({ url: pombo.ready.api_url }, request, key);
  return (await eventually(again, ({ status }) => status === 202)).body.message_id;
}

const API_POINTS = ["claimed", "accepted", "lane_added", "answered"];

describe("an API dies beside a worker that lives", () => {
  let worker: OutsideProcess;
  beforeAll(async () => {
    worker = await startOutside(pombo, "worker");
  });
  afterAll(() => worker[Symbol.asyncDispose]());

  test.each(["media_kept", "accepted", "lane_added", "answered"])(
    "a picture in the body, and the API dies at %s: the client's retry has the same message, sent once",
    async (point) => {
      const to = someone();
      const image = { base64: PICTURE.toString("base64") };
      const body = { from: pombo.ready.device_id, to, image };
      const request = { method: "POST", path: "/v1/messages", body };
      const id = await askTwice(point, request, `picture-${point}`);
      expect(await pombo.until(id, isRead)).toMatchObject({ attempts: 1 });
      expect(await pombo.phoneMessages(to)).toMatchObject([{ id, copies: 1 }]);
      expect(await shownFile(to, id)).toEqual(PICTURE);
    },
  );

  test.each(CHANGES.flatMap((change) => API_POINTS.map((point) => ({ ...change, point }))))(
    "$name, and the API dies at $point: the client's retry has the same change, sent once",
    async ({ method, body, point }) => {
      const { to, target } = takeRead();
      const request = { method, path: `/v1/messages/${target}`, body };
      const change = await askTwice(point, request, `${method}-${point}`);
      const done = await pombo.until(
        change,
        ({ status }) => status === "sent" || status === "read",
      );
      expect(done.attempts).toBe(1);
      await isChanged(to, { target, change });
    },
  );
});
