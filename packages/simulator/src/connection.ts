import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { decodeBinaryNode, encodeBinaryNode } from "@whiskeysockets/baileys";
import type { WebSocket } from "ws";
import { encodeFrame, openFrameReader } from "./frame.ts";
import type { Limits } from "./limits.ts";
import type { BinaryNode } from "./node.ts";
import { answerNoise, type NoiseTransport, type NoiseTrust } from "./noise.ts";
import { openRateMeter } from "./rate-meter.ts";
import type { Timers } from "./timers.ts";

/**
 * One socket. Its life:
 *
 *   hello ──clientHello──► finish ──clientFinish──► open ──► closed
 *
 * and what an open one is (a pairing, a device, deaf) is `role`, set by login and pairing. Whatever a client does wrong
 * closes its own connection with a reason, at any point.
 */
export interface Connection {
  readonly id: string;
  role: Role;
  send(node: BinaryNode): void;
  /** Says farewell and closes in an orderly way. */
  end(reason: string, farewell?: BinaryNode): void;
  /** Cuts the wire without a word. */
  cut(reason: string): void;
  /** Resolves when the socket is gone and the frames in hand are handled. */
  readonly closed: Promise<void>;
}

export type Role =
  | { readonly kind: "stranger" }
  | { readonly kind: "pairing"; readonly registration: Registration }
  | {
      readonly kind: "device";
      readonly jid: string;
      readonly number: string;
      readonly device: number;
      active: boolean;
    }
  /** Stays open, reads and says nothing: what a black hole looks like. */
  | { readonly kind: "deaf"; readonly jid?: string };

/** What a client that wants to be paired says about itself. */
export interface Registration {
  readonly noiseKey: Buffer;
  readonly identity: Buffer;
  readonly registrationId: number;
  readonly signedPreKey: {
    readonly id: number;
    readonly value: Buffer;
    readonly signature: Buffer;
  };
}

export interface ConnectionDeps {
  readonly trust: NoiseTrust;
  readonly limits: Limits;
  readonly timers: Timers;
  /** The client's payload, once its handshake is complete. */
  readonly onPayload: (
    connection: Connection,
    payload: Buffer,
    noiseKey: Buffer,
  ) => void | Promise<void>;
  /** Asked at each hello; true: it never gets an answer. */
  readonly stalls: () => boolean;
  readonly onNode: (connection: Connection, node: BinaryNode) => void | Promise<void>;
  readonly onClosed: (connection: Connection, reason: string) => void;
}

/** A client broke the protocol; the message is the logged reason. */
export class ProtocolError extends Error {}

export function openConnection(socket: WebSocket, deps: ConnectionDeps): Connection {
  const { limits } = deps;
  const wire = openWire(socket, deps);
  let handshakeOver = false;
  const reader = openFrameReader(() =>
    handshakeOver ? limits.frameBytes : limits.handshakeFrameBytes,
  );
  const meter = openRateMeter(limits);
  const stopClock = deps.timers.after(limits.handshakeMs, () =>
    wire.connection.cut("handshake not finished in time"),
  );
  const onFrame = frameHandler(wire, deps, () => {
    handshakeOver = true;
    stopClock();
  });
  const inHand = openFrameQueue(socket, limits.framesInHand);

  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (wire.isOver()) return;
    try {
      if (!isBinary) throw new ProtocolError("text frame");
      if (!meter.allows(data.length)) throw new ProtocolError("flood");
      for (const frame of reader.push(data)) inHand.add(() => guarded(wire, () => onFrame(frame)));
    } catch (error) {
      wire.connection.cut(reasonOf(error));
    }
  });
  socket.on("error", (error) => wire.connection.cut(`socket error: ${reasonOf(error)}`));
  socket.on("close", (code) => {
    stopClock();
    wire.noteReason(`closed by the client (${code})`);
    void inHand.settled().finally(() => wire.finish());
  });
  return wire.connection;
}

interface Wire {
  readonly connection: Connection;
  startTransport(transport: NoiseTransport): void;
  readonly transport: () => NoiseTransport | undefined;
  sendRaw(payload: Uint8Array): void;
  isOver(): boolean;
  noteReason(reason: string): void;
  finish(): void;
}

function openWire(socket: WebSocket, { limits, onClosed }: ConnectionDeps): Wire {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let transport: NoiseTransport | undefined;
  let reason: string | undefined;

  function sendRaw(payload: Uint8Array): void {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > limits.bytesUnsent) connection.cut("slow reader");
    else socket.send(encodeFrame(payload));
  }
  function over(why: string, close: () => void): void {
    if (reason !== undefined) return;
    reason = why;
    close();
  }
  const connection: Connection = {
    id: randomUUID(),
    role: { kind: "stranger" },
    send(node) {
      if (reason !== undefined || transport === undefined || connection.role.kind === "deaf")
        return;
      sendRaw(transport.encrypt(encodeBinaryNode(node)));
    },
    end(why, farewell) {
      if (farewell !== undefined) connection.send(farewell);
      over(why, () => socket.close(1000));
    },
    cut: (why) => over(why, () => socket.terminate()),
    closed,
  };
  return {
    connection,
    sendRaw,
    transport: () => transport,
    startTransport: (started) => {
      transport = started;
    },
    isOver: () => reason !== undefined,
    noteReason: (why) => {
      reason ??= why;
    },
    finish() {
      onClosed(connection, reason ?? "closed");
      resolve();
    },
  };
}

type FrameHandler = (frame: Buffer) => void | Promise<void>;

function frameHandler(wire: Wire, deps: ConnectionDeps, onHandshakeOver: () => void): FrameHandler {
  const noise = answerNoise(deps.trust);
  let helloDone = false;
  let stalled = false;
  return async (frame) => {
    if (wire.isOver() || stalled) return;
    const transport = wire.transport();
    if (transport !== undefined) {
      const node = await decodeNode(transport.decrypt(frame), deps.limits.inflatedBytes);
      if (wire.connection.role.kind !== "deaf") await deps.onNode(wire.connection, node);
    } else if (helloDone) {
      const finished = noise.finish(frame);
      wire.startTransport(finished.transport);
      onHandshakeOver();
      await deps.onPayload(wire.connection, finished.payload, finished.clientStatic);
    } else {
      helloDone = true;
      stalled = deps.stalls();
      if (stalled) onHandshakeOver();
      else wire.sendRaw(noise.hello(frame));
    }
  };
}

const inflated = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate);

async function decodeNode(plaintext: Buffer, maxOutputLength: number): Promise<BinaryNode> {
  const flags = plaintext[0];
  if (flags === undefined) throw new ProtocolError("empty frame");
  const body = plaintext.subarray(1);
  // Inflated here, with a bound, so that a small frame cannot become a large one.
  const plain = (flags & 2) === 0 ? body : await inflated(body, { maxOutputLength });
  return decodeBinaryNode(Buffer.concat([Buffer.alloc(1), plain]));
}

async function guarded(wire: Wire, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    wire.connection.cut(
      error instanceof ProtocolError ? error.message : `undecodable frame: ${reasonOf(error)}`,
    );
  }
}

/** Handles frames strictly in order and pauses the socket while too many are waiting. */
function openFrameQueue(socket: WebSocket, most: number) {
  let tail: Promise<void> = Promise.resolve();
  let waiting = 0;
  async function run(previous: Promise<void>, work: () => Promise<void>): Promise<void> {
    await previous;
    await work();
    waiting -= 1;
    if (socket.isPaused && waiting < most / 2) socket.resume();
  }
  return {
    add(work: () => Promise<void>): void {
      waiting += 1;
      if (waiting > most && !socket.isPaused) socket.pause();
      tail = run(tail, work);
    },
    settled: () => tail,
  };
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
