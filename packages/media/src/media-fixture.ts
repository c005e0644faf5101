import { createServer, type RequestListener } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import {
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  OggOutputFormat,
  Output,
} from "mediabunny";
import { openFileStore } from "./file-store.ts";
import { inspect } from "./inspect.ts";

/** A store of a test's own. */
export async function openTestStore() {
  const folder = await mkdtemp(join(tmpdir(), "pombo-media-"));
  const store = await openFileStore(folder);
  return {
    room: { store, inspector: { look: inspect } },
    store,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A web server on our own machine; `sockets` are cut at the end. */
export async function openHost(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export function picture(type: "jpeg" | "png" | "webp", width = 320, height = 240): Promise<Buffer> {
  const background = { r: 200, g: 30, b: 30 };
  return sharp({ create: { width, height, channels: 3, background } })
    .toFormat(type)
    .toBuffer();
}

/** Three seconds of nothing to be seen, 320 × 240. */
export async function film(): Promise<Buffer> {
  const target = new BufferTarget();
  const output = new Output({ format: new Mp4OutputFormat(), target });
  const track = new EncodedVideoPacketSource("vp9");
  output.addVideoTrack(track, { frameRate: 10 });
  await output.start();
  const decoderConfig = { codec: "vp09.00.10.08", codedWidth: 320, codedHeight: 240 };
  for (let frame = 0; frame < 30; frame += 1) {
    const packet = new EncodedPacket(new Uint8Array(100), "key", frame / 10, 0.1);
    // oxlint-disable-next-line no-await-in-loop -- one frame after the other
    await track.add(packet, { decoderConfig });
  }
  await output.finalize();
  return Buffer.from(target.buffer ?? new ArrayBuffer());
}

/** Two seconds of silence, as phones record it. */
export async function voice(): Promise<Buffer> {
  const target = new BufferTarget();
  const output = new Output({ format: new OggOutputFormat(), target });
  const track = new EncodedAudioPacketSource("opus");
  output.addAudioTrack(track);
  await output.start();
  const description = Buffer.concat([
    Buffer.from("OpusHead"),
    Buffer.from([1, 1, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]),
  ]);
  const decoderConfig = { codec: "opus", sampleRate: 48_000, numberOfChannels: 1, description };
  for (let part = 0; part < 100; part += 1) {
    const silence = new EncodedPacket(new Uint8Array([0xf8, 0xff, 0xfe]), "key", part / 50, 0.02);
    // oxlint-disable-next-line no-await-in-loop
    await track.add(silence, { decoderConfig });
  }
  await output.finalize();
  return Buffer.from(target.buffer ?? new ArrayBuffer());
}
