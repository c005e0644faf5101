import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Answer } from "../answer.ts";

export interface PublicFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly encoding?: "br" | "gzip";
  /** It is named after its content, so it never changes. */
  readonly immutable: boolean;
}

export interface PublicFiles {
  /** @param path below the folder, like `/assets/index-1a2b.js` @param accepts the `Accept-Encoding` header */
  find(path: string, accepts: string | undefined): Promise<PublicFile | undefined>;
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};
const SQUEEZED = new Set(["css", "js", "json", "svg"]);

/** No part begins with a dot, so no path leaves the folder. */
const PATH = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}){1,4}$/;

/** Files that a build has made. What never changes is compressed once. @param immutable says which paths name their content */
export function openPublicFiles(folder: string, immutable: RegExp): PublicFiles {
  const squeezed = new Map<string, Promise<Buffer>>();

  function squeeze(path: string, encoding: "br" | "gzip", bytes: Buffer): Promise<Buffer> {
    const name = `${encoding} ${path}`;
    const made = squeezed.get(name) ?? (encoding === "br" ? brotli(bytes) : zip(bytes));
    squeezed.set(name, made);
    return made;
  }

  return {
    async find(path, accepts) {
      const ending = path.slice(path.lastIndexOf(".") + 1);
      const type = TYPES[ending];
      if (type === undefined || !PATH.test(path)) return undefined;
      const bytes = await readIfThere(join(folder, path));
      if (bytes === undefined) return undefined;
      const file = { type, bytes, immutable: immutable.test(path) };
      const encoding = encodingOf(accepts);
      if (!file.immutable || encoding === undefined || !SQUEEZED.has(ending)) return file;
      return { ...file, encoding, bytes: await squeeze(path, encoding, bytes) };
    },
  };
}

export function fileAnswer({ type, bytes, encoding, immutable }: PublicFile): Answer {
  const headers = {
    "Content-Type": type,
    "Cache-Control": immutable ? "public, max-age=31536000, immutable" : "no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    Vary: "Accept-Encoding",
    ...(encoding === undefined ? {} : { "Content-Encoding": encoding }),
  };
  return { kind: "answer", status: 200, headers, body: bytes };
}

const zip = (bytes: Buffer): Promise<Buffer> => promisify(gzip)(bytes, { level: 9 });
const brotli = (bytes: Buffer): Promise<Buffer> =>
  promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });

function encodingOf(accepts = ""): "br" | "gzip" | undefined {
  const names = accepts.split(",").map((part) => part.trim().toLowerCase());
  return (["br", "gzip"] as const).find((name) => names.includes(name));
}

/** Undefined where there is no such file. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}

const ABSENT: ReadonlySet<unknown> = new Set(["ENOENT", "ENOTDIR", "EISDIR"]);
