import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogEntry } from "./event-log.ts";
import { child, el, type BinaryNode } from "./node.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import { pairedClient, type TestClient } from "./test-client.ts";
import { pnJid } from "./jid.ts";

/** What a client may do wrong with groups and media costs it an answer, never its neighbours anything. */
const alice = "15550050001";
const carol = "15550050002";
const mediaBytes = 10_000;
const dataDir = mkdtempSync(join(tmpdir(), "simulator-hostile-"));

let simulator: Simulator;
let a: TestClient;
let auth: string;

beforeAll(async () => {
  simulator = await openSimulator({ dataDir, limits: { mediaBytes } });
  a = await pairedClient(simulator, alice);
  auth = (await ask(el("iq", { type: "set", xmlns: "w:m" }, [el("media_conn")]))).auth;
});

afterAll(async () => {
  await a[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true });
});

async function ask(iq: BinaryNode): Promise<{ auth: string }> {
  const to = iq.attrs["to"] ?? "@s.whatsapp.net";
  const answer = (await a.sock.query({ ...iq, attrs: { ...iq.attrs, to } })) as BinaryNode;
  return { auth: child(answer, "media_conn")?.attrs["auth"] ?? "" };
}

interface Upload {
  readonly path: string;
  readonly body?: Buffer;
  readonly method?: string;
  /** Ends the socket after the body instead of the request. */
  readonly torn?: boolean;
  readonly length?: number;
}

/** The status, or 0 when the connection ended without one. */
async function upload({ path, body, method = "POST", torn, length }: Upload): Promise<number> {
  const { hostname, port } = new URL(simulator.mediaUrl);
  const headers = length === undefined ? {} : { "content-length": length };
  const call = request({ hostname, port, path, method, headers, ca: simulator.ca });
  const { promise, resolve } = Promise.withResolvers<number>();
  call.on("response", (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  call.on("error", () => resolve(0));
  if (torn === true) {
    call.write(body ?? "");
    await once(call, "finish", { signal: AbortSignal.timeout(50) }).catch(() => {});
    call.destroy();
  } else call.end(body);
  return promise;
}

const tokenOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("base64url");
const filesKept = (): string[] => readdirSync(join(dataDir, "media"));

test("the media host refuses what it cannot use, keeps nothing of it, and goes on", async () => {
  const good = randomBytes(500);
  const path = `/mms/image/${tokenOf(good)}?auth=${auth}`;
  const large = randomBytes(mediaBytes + 1);
  const attempts: [Upload, number][] = [
    [{ path: "/", method: "GET" }, 404],
    [{ path: "/mms/../../etc/passwd", method: "GET" }, 404],
    [{ path: "/v/sim/..%2f..%2fsimulator.journal.enc", method: "GET" }, 404],
    [{ path: `/v/sim/${tokenOf(good)}.enc`, method: "GET" }, 404],
    [{ path, method: "PUT", body: good }, 404],
    [{ path: `/mms/image/short?auth=${auth}`, body: good }, 404],
    [{ path: `/mms/image/${tokenOf(good)}`, body: good }, 401],
    [{ path: `${path}x`, body: good }, 401],
    [{ path, body: randomBytes(500) }, 400],
    [{ path: `/mms/image/${tokenOf(large)}?auth=${auth}`, body: large }, 413],
    [{ path, body: good.subarray(0, 100), length: 500, torn: true }, 0],
  ];
  for (const [attempt, status] of attempts) {
    // eslint-disable-next-line no-await-in-loop -- one after the other
    expect([attempt.path, await upload(attempt)]).toEqual([attempt.path, status]);
  }
  expect(await upload({ path, body: good })).toBe(200);
  expect(await upload({ path, body: good })).toBe(200);
  await expect.poll(filesKept).toEqual([tokenOf(good)]);
});

test("any query about groups gets an answer", async () => {
  const group = simulator.createGroup({ subject: "x", participants: [alice, carol] });
  // Half a JID would be no frame at all: the codec refuses it, and the connection ends.
  const jids = fc.constantFrom(group.id, pnJid(carol), "120363000000000001@g.us", "@g.us", "");
  // Observed: the client's encoder looks words up in a plain object, and "constructor" makes it write a frame that is none.
  const words = (pattern: RegExp) => fc.stringMatching(pattern).filter((word) => !(word in {}));
  const text = fc.oneof(jids, words(/^[\w .:-]{0,20}$/));
  const tag = fc.oneof(
    fc.constantFrom("create", "add", "remove", "leave", "subject", "description", "query"),
    words(/^[a-z_]{1,12}$/),
  );
  const inner = fc.record({
    tag: fc.constantFrom("participant", "group", "body", "participants"),
    attrs: fc.dictionary(fc.constantFrom("jid", "id", "type"), text, { maxKeys: 2 }),
  });
  const operation = fc.record({
    tag,
    attrs: fc.dictionary(fc.constantFrom("subject", "key", "id", "prev"), text, { maxKeys: 3 }),
    content: fc.array(inner, { maxLength: 3 }),
  });
  const iq = fc.record({ to: text, type: fc.constantFrom("get", "set"), operation });
  await fc.assert(
    fc.asyncProperty(iq, async ({ to, type, operation: asked }) => {
      const outcome = await a.sock
        .query(el("iq", { to: to === "" ? "@g.us" : to, type, xmlns: "w:g2" }, [asked]))
        .then(
          () => "answered",
          (error: { data?: unknown }) => typeof error.data,
        );
      expect(["answered", "number"]).toContain(outcome);
    }),
    { numRuns: 60 },
  );
});

test("messages to a group that nobody can read are answered, and phones ask again", async () => {
  const group = simulator.createGroup({ subject: "y", participants: [alice, carol] });
  const enc = (type: string) => el("enc", { v: 2, type }, randomBytes(120));
  const participants = el("participants", {}, [
    el("to", { jid: pnJid(carol) }, [enc("pkmsg")]),
    el("to", { jid: "nobody" }, [enc("msg")]),
  ]);
  const contents = [[enc("skmsg")], [participants, enc("skmsg")], [participants], [enc("msg")], []];
  for (const [at, content] of contents.entries()) {
    const id = `HOSTILE${at}`;
    const attrs = { id, to: group.id, type: "text", addressing_mode: "lid" };
    // eslint-disable-next-line no-await-in-loop -- in order
    await a.sock.sendNode(el("message", attrs, content));
    // eslint-disable-next-line no-await-in-loop
    const ack = await a.stanza(
      (node) => node.tag === "ack" && node.attrs["class"] === "message" && node.attrs["id"] === id,
    );
    expect(ack.attrs["error"]).toBe(at < 3 ? undefined : "479");
  }
  const retry = ({ kind, id, type }: LogEntry): boolean =>
    kind === "receipt" && id === "HOSTILE0" && type === "retry";
  await simulator.waitFor(retry);
  const id = "3EB0HEALTHY00000000001";
  await a.sock.sendMessage(group.id, { text: "still here" }, { messageId: id });
  await simulator.waitFor((entry) => entry.kind === "shown" && entry.id === id);
});
