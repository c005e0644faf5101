/**
 * The byte stream of a client: intro once, then `length (3 bytes, big endian) || payload` for ever. WebSocket message
 * boundaries mean nothing, so chunks are kept as they came and joined only when a whole frame is there.
 */
export class FrameError extends Error {}

/** "WA", protocol 6, dictionary 3. These four bytes start the Noise hash. */
export const waHeader = Buffer.from([0x57, 0x41, 0x06, 0x03]);
const routingMark = Buffer.from([0x45, 0x44, 0x00, 0x01]);
const routingHead = routingMark.length + 3;

export interface FrameReader {
  /** The payloads completed by this chunk. Throws {@link FrameError} on a wrong intro or an oversized length. */
  push(chunk: Buffer): Buffer[];
}

/** @param maxBytes asked anew for every frame, because the bound grows when the handshake ends. */
export function openFrameReader(maxBytes: () => number): FrameReader {
  const stream = openStream();
  let introRead = false;
  let length: number | undefined;

  function next(): Buffer | undefined {
    if (!introRead && !readIntro(stream, maxBytes())) return undefined;
    introRead = true;
    if (length === undefined) {
      if (stream.size() < 3) return undefined;
      length = stream.take(3).readUIntBE(0, 3);
      if (length > maxBytes()) throw new FrameError(`frame of ${length} bytes`);
    }
    if (stream.size() < length) return undefined;
    const frame = stream.take(length);
    length = undefined;
    return frame;
  }

  return {
    push(chunk) {
      stream.add(chunk);
      const frames: Buffer[] = [];
      for (let frame = next(); frame !== undefined; frame = next()) frames.push(frame);
      return frames;
    },
  };
}

export function encodeFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(3 + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame.set(payload, 3);
  return frame;
}

/** True when the intro is complete and right; false when more bytes are needed. */
function readIntro(stream: ByteStream, maxBytes: number): boolean {
  if (stream.size() < waHeader.length) return false;
  if (stream.peek(waHeader.length).equals(routingMark)) {
    if (stream.size() < routingHead) return false;
    const routing = stream.peek(routingHead).readUIntBE(routingMark.length, 3);
    if (routing > maxBytes) throw new FrameError(`routing prefix of ${routing} bytes`);
    if (stream.size() < routingHead + routing + waHeader.length) return false;
    stream.take(routingHead + routing);
  }
  if (!stream.take(waHeader.length).equals(waHeader)) throw new FrameError("no WA header");
  return true;
}

interface ByteStream {
  add(chunk: Buffer): void;
  size(): number;
  peek(count: number): Buffer;
  take(count: number): Buffer;
}

function openStream(): ByteStream {
  let chunks: Buffer[] = [];
  let size = 0;

  function joined(count: number): Buffer {
    const first = chunks[0];
    if (first !== undefined && first.length >= count) return first;
    const whole = Buffer.concat(chunks);
    chunks = [whole];
    return whole;
  }

  return {
    add(chunk) {
      if (chunk.length === 0) return;
      chunks.push(chunk);
      size += chunk.length;
    },
    size: () => size,
    peek: (count) => joined(count).subarray(0, count),
    take(count) {
      if (count === 0) return Buffer.alloc(0);
      const source = joined(count);
      const taken = source.subarray(0, count);
      if (source.length === count) chunks.shift();
      else chunks[0] = source.subarray(count);
      size -= count;
      return taken;
    },
  };
}
