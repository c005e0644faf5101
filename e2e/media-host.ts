import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { crc32, deflateSync } from "node:zlib";

/** A web server that media URLs name. */
export class MediaHost implements AsyncDisposable {
  readonly url: string;
  /** How often each path was asked for. */
  readonly asked: ReadonlyMap<string, number>;
  readonly #server: Server;

  private constructor(server: Server, asked: ReadonlyMap<string, number>) {
    this.#server = server;
    this.asked = asked;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async open(paths: Readonly<Record<string, RequestListener>>): Promise<MediaHost> {
    const asked = new Map<string, number>();
    const server = createServer((req, res) => {
      const path = req.url ?? "";
      asked.set(path, (asked.get(path) ?? 0) + 1);
      const listener = paths[path];
      if (listener === undefined) res.writeHead(404).end();
      else listener(req, res);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new MediaHost(server, asked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Answers with these bytes. */
export function serve(bytes: Uint8Array, type: string): RequestListener {
  return (_req, res) =>
    void res.writeHead(200, { "content-type": type, "content-length": bytes.length }).end(bytes);
}

/** A picture of so many pixels a side, of one colour. */
export function png(side = 40): Buffer {
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 3, 90)]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    pngChunk("IHDR", head),
    pngChunk("IDAT", deflateSync(Buffer.concat(Array.from({ length: side }, () => row)))),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

function pngChunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A film by its first bytes, of so many bytes; nothing in it can be played. */
export function mp4(size: number, fill: Uint8Array): Buffer {
  const film = Buffer.alloc(size, fill);
  film.write("\0\0\0\x18ftypmp42\0\0\0\0mp42isom", 0, "latin1");
  film.writeUInt32BE(size - 24, 24);
  film.write("mdat", 28, "latin1");
  return film;
}
