import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly encoding?: "br" | "gzip";
}

export interface ConsoleFiles {
  /** The page of all addresses; undefined where the console was never built. */
  page(): Promise<Buffer | undefined>;
  /** @param path below `/console`, like `/assets/index-1a2b.js` @param accepts the `Accept-Encoding` header */
  file(path: string, accepts: string | undefined): Promise<ConsoleFile | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};
const SQUEEZED = new Set(["css", "js", "svg"]);

/** Names of ours only: no segment begins with a dot, so no path leaves the folder. */
const PATH = /^(?:\/assets)?\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}\.([a-z0-9]{2,5})$/;

/** What Vite has built. Assets carry the hash of their content in their name: each is read and compressed once. */
export function openConsoleFiles(folder: string): ConsoleFiles {
  const squeezed = new Map<string, Promise<Buffer>>();

  async function squeeze(path: string, encoding: "br" | "gzip", bytes: Buffer): Promise<Buffer> {
    const name = `${encoding} ${path}`;
    const known = squeezed.get(name);
    if (known !== undefined) return known;
    const made = encoding === "br" ? brotli(bytes) : zip(bytes);
    squeezed.set(name, made);
    return made;
  }

  return {
    page: () => read(join(folder, "index.html")),
    async file(path, accepts) {
      const kind = PATH.exec(path)?.[1] ?? "";
      const type = TYPES[kind];
      const bytes = type === undefined ? undefined : await read(join(folder, path));
      if (type === undefined || bytes === undefined) return undefined;
      const encoding = path.startsWith("/assets/") ? encodingOf(accepts) : undefined;
      if (encoding === undefined || !SQUEEZED.has(kind)) return { type, bytes };
      return { type, encoding, bytes: await squeeze(path, encoding, bytes) };
    },
  };
}

const zip = (bytes: Buffer): Promise<Buffer> => promisify(gzip)(bytes, { level: 9 });
const brotli = (bytes: Buffer): Promise<Buffer> =>
  promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });

function encodingOf(accepts = ""): "br" | "gzip" | undefined {
  const names = accepts.split(",").map((part) => part.trim().toLowerCase());
  return (["br", "gzip"] as const).find((name) => names.includes(name));
}

async function read(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}

const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EISDIR"]);
