import { once } from "node:events";
import { deflateSync } from "node:zlib";
import {
  Curve,
  encodeBinaryNode,
  initAuthCreds,
  makeNoiseHandler,
  proto,
} from "@whiskeysockets/baileys";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { encodeFrame, waHeader } from "./frame.ts";
import { el, uintBytes, type BinaryNode } from "./node.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import { pairedClient, type TestClient } from "./test-client.ts";
import { pnJid } from "./jid.ts";

/** Whoever misbehaves loses its own connection, with a reason; a well-behaved neighbour notices nothing. */
let simulator: Simulator;
let neighbour: TestClient;
const limits = {
  handshakeMs: 1_000,
  framesPerSecond: 300,
  connections: 12,
  inflatedBytes: 1024 * 1024,
};

beforeAll(async () => {
  simulator = await openSimulator({ limits });
  neighbour = await pairedClient(simulator, "15550000001");
});

afterAll(async () => {
  await neighbour[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

const silent = {
  level: "silent",
  child: () => silent,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
};

async function connect(): Promise<WebSocket> {
  const socket = new WebSocket(simulator.wsUrl);
  socket.on("error", () => {});
  await once(socket, "open");
  return socket;
}

/** Sends and resolves with the reason the server logged for closing. */
async function reasonAfter(act: (socket: WebSocket) => void | Promise<void>): Promise<string> {
  const after = simulator.log().last;
  const socket = await connect();
  const closed = once(socket, "close");
  await act(socket);
  await closed;
  const entry = await simulator.waitFor(({ kind, type }) => kind === "close" && type !== "device", {
    after,
  });
  return String(entry["reason"]);
}

/** The next frame from the server; rejects when the connection closes first. */
async function frameOf(socket: WebSocket): Promise<Buffer> {
  const closed = new AbortController();
  socket.once("close", () => closed.abort());
  const [frame] = (await once(socket, "message", { signal: closed.signal })) as [Buffer];
  return frame;
}

/** A client that has done its handshake as one that wants to be paired. */
async function shakeHands(socket: WebSocket): Promise<(plaintext: Uint8Array) => void> {
  const ephemeral = Curve.generateKeyPair();
  const creds = initAuthCreds();
  const noise = makeNoiseHandler({ keyPair: ephemeral, NOISE_HEADER: waHeader, logger: silent });
  const answer = frameOf(socket);
  socket.send(
    noise.encodeFrame(
      proto.HandshakeMessage.encode({ clientHello: { ephemeral: ephemeral.public } }).finish(),
    ),
  );
  const frame = await answer;
  const encrypted = noise.processHandshake(
    proto.HandshakeMessage.decode(frame.subarray(3)),
    creds.noiseKey,
  );
  const { signedPreKey, signedIdentityKey } = creds;
  const claim = {
    devicePairingData: {
      eRegid: uintBytes(creds.registrationId, 4),
      eIdent: signedIdentityKey.public,
      eSkeyId: uintBytes(signedPreKey.keyId, 3),
      eSkeyVal: signedPreKey.keyPair.public,
      eSkeySig: signedPreKey.signature,
    },
  };
  const payload = noise.encrypt(proto.ClientPayload.encode(claim).finish());
  const offered = frameOf(socket);
  socket.send(
    noise.encodeFrame(
      proto.HandshakeMessage.encode({ clientFinish: { static: encrypted, payload } }).finish(),
    ),
  );
  await noise.finishInit();
  await offered;
  return (plaintext) => socket.send(noise.encodeFrame(plaintext));
}

/** A node in a node in a node … */
const nested = (depth: number): Buffer =>
  Buffer.concat([Buffer.from([0]), Buffer.alloc(depth * 5, Buffer.from([248, 2, 10, 248, 1]))]);

test.each<[string, (socket: WebSocket) => void | Promise<void>, RegExp]>([
  ["text", (socket) => socket.send("hello"), /text frame/],
  [
    "another protocol",
    (socket) => socket.send(Buffer.from("GET / HTTP/1.1\r\n\r\n")),
    /no WA header/,
  ],
  [
    "an oversized length",
    (socket) => socket.send(Buffer.concat([waHeader, Buffer.from([255, 255, 255])])),
    /frame of 16777215/,
  ],
  [
    "an oversized routing prefix",
    (socket) => socket.send(Buffer.from([0x45, 0x44, 0, 1, 255, 255, 255])),
    /routing prefix/,
  ],
  [
    "garbage for a handshake",
    (socket) => socket.send(Buffer.concat([waHeader, encodeFrame(Buffer.alloc(80, 0xff))])),
    /undecodable/,
  ],
  ["half a handshake", (socket) => socket.send(waHeader), /not finished in time/],
  ["nothing at all", () => {}, /not finished in time/],
  [
    "a plaintext node in place of clientFinish",
    async (socket) => {
      const hello = proto.HandshakeMessage.encode({
        clientHello: { ephemeral: Curve.generateKeyPair().public },
      }).finish();
      const answer = frameOf(socket);
      socket.send(Buffer.concat([waHeader, encodeFrame(hello)]));
      await answer;
      socket.send(
        encodeFrame(encodeBinaryNode(el("message", { id: "1", to: pnJid("15550000002") }))),
      );
    },
    /undecodable/,
  ],
  [
    "a flood",
    (socket) => {
      for (let n = 0; n < 400; n++) socket.send(Buffer.alloc(0));
    },
    /flood/,
  ],
  [
    "a plaintext frame after the handshake",
    async (socket) => {
      await shakeHands(socket);
      socket.send(encodeFrame(encodeBinaryNode(el("iq", { id: "1" }))));
    },
    /undecodable/,
  ],
  [
    "a compressed bomb",
    async (socket) => {
      const send = await shakeHands(socket);
      send(Buffer.concat([Buffer.from([2]), deflateSync(Buffer.alloc(64 * 1024 * 1024))]));
    },
    /undecodable/,
  ],
  [
    "nodes nested without end",
    async (socket) => (await shakeHands(socket))(nested(200_000)),
    /undecodable/,
  ],
  ["an empty frame", async (socket) => (await shakeHands(socket))(Buffer.alloc(0)), /empty frame/],
  [
    "an unknown stanza",
    async (socket) => (await shakeHands(socket))(encodeBinaryNode(el("nonsense"))),
    /unknown stanza/,
  ],
  [
    "a message before login",
    async (socket) => (await shakeHands(socket))(encodeBinaryNode(el("message", { id: "1" }))),
    /before login/,
  ],
])("%s closes that connection", async (_what, act, reason) => {
  expect(await reasonAfter(act)).toMatch(reason);
});

test("a query before login is refused, not obeyed", async () => {
  const socket = await connect();
  const send = await shakeHands(socket);
  const answer = frameOf(socket);
  send(
    encodeBinaryNode(
      el("iq", { id: "1", type: "get", xmlns: "encrypt", to: "@s.whatsapp.net" }, [el("count")]),
    ),
  );
  await answer;
  socket.terminate();
});

test("random bytes at every stage end only their own connection", { timeout: 20_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.constantFrom(0, 1, 2),
      async (bytes, stage) => {
        const socket = await connect();
        const closed = once(socket, "close");
        if (stage === 0) socket.send(bytes);
        if (stage === 1) socket.send(Buffer.concat([waHeader, encodeFrame(bytes)]));
        if (stage === 2) (await shakeHands(socket))(bytes);
        socket.close();
        await closed;
      },
    ),
    { numRuns: 60 },
  );
  expect(
    (await neighbour.send(pnJid("15550000002"), "still here", "3EB0NEIGHBOUR1")).attrs["error"],
  ).toBeUndefined();
});

test(
  "random stanzas from a logged-in client neither crash nor leak into others",
  { timeout: 20_000 },
  async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom("@s.whatsapp.net", pnJid("15550000002"), "get", "set", "encrypt", "usync"),
    );
    const attrs = fc.dictionary(
      fc.constantFrom("id", "to", "type", "xmlns", "class", "participant", "recipient"),
      text,
    );
    const tags = fc.constantFrom(
      "iq",
      "message",
      "receipt",
      "ack",
      "presence",
      "participants",
      "to",
      "enc",
      "list",
      "user",
      "key",
      "query",
      "usync",
      "registration",
      "skey",
      "rotate",
      "tokens",
      "token",
    );
    const { tree } = fc.letrec<{ tree: BinaryNode }>((tie) => ({
      tree: fc
        .tuple(
          tags,
          attrs,
          fc.oneof(
            { depthSize: "small" },
            fc.uint8Array({ maxLength: 40 }),
            fc.array(tie("tree"), { maxLength: 3 }),
          ),
        )
        .map(([tag, named, content]) => el(tag, named, content)),
    }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("iq", "message", "receipt", "ack"),
        tree,
        async (tag, node) => {
          if (neighbour.sock.ws.isOpen) await neighbour.sock.sendNode({ ...node, tag });
        },
      ),
      { numRuns: 150 },
    );
    await using other = await pairedClient(simulator, "15550000003");
    expect(
      (await other.send(pnJid("15550000002"), "fine", "3EB0OTHER")).attrs["error"],
    ).toBeUndefined();
  },
);

test("connections over the cap are turned away with 503", async () => {
  const open: WebSocket[] = [];
  for (let n = simulator.stats().connections; n < limits.connections; n++) {
    // eslint-disable-next-line no-await-in-loop -- one by one up to the cap
    open.push(await connect());
  }
  const refused = new WebSocket(simulator.wsUrl);
  const [error] = (await once(refused, "error")) as [Error];
  expect(error.message).toContain("503");
  for (const socket of open) socket.terminate();
});
