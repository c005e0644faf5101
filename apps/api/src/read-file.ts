import type { IncomingMessage } from "node:http";
import type { Problem } from "@pombo/contract";
import busboy from "busboy";

/** The one file that a request brings: its body as it is, or the file of a form. */
export interface RequestFile {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly declaredType?: string;
  readonly fileName?: string;
}

export type ReadFile =
  | { readonly kind: "file"; readonly file: RequestFile }
  | { readonly kind: "refused"; readonly problem: Problem };

/** Finds the file of a request; its bytes are read as they are asked for. `limitBytes` is held against what is announced. */
export async function readFile(
  req: IncomingMessage,
  { limitBytes, stop }: { readonly limitBytes: number; readonly stop: AbortSignal },
): Promise<ReadFile> {
  const { headers } = req;
  const encoding = headers["content-encoding"] ?? "identity";
  const type = headers["content-type"];
  if (encoding !== "identity")
    return refused("UNSUPPORTED_MEDIA_TYPE", "Files are taken without a content encoding");
  if (isForm(type)) return readForm(req, stop);
  if (Number(headers["content-length"] ?? 0) > limitBytes)
    return refused("PAYLOAD_TOO_LARGE", `The file is larger than ${limitBytes} bytes`);
  const declared = type === undefined ? {} : { declaredType: type };
  return { kind: "file", file: { bytes: chunksOf(req, stop), ...declared } };
}

function isForm(type: string | undefined): boolean {
  return /^multipart\/form-data\s*;/i.test(type ?? "");
}

/** The request ended before its file did. */
export class BrokenFileError extends Error {
  override readonly name = "BrokenFileError";
}

interface Source extends NodeJS.ReadableStream {
  iterator(options: { readonly destroyOnReturn: boolean }): AsyncIterable<Uint8Array>;
}

/**
 * Ends with an error when it is told to stop, also while the client writes nothing. Reads on after the reader has stopped, so that
 * the client, which may still be writing, gets its answer.
 */
async function* chunksOf(source: Source, stop: AbortSignal): AsyncIterable<Uint8Array> {
  const chunks = source.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  // One promise a chunk: a race with one that stays open would hold every chunk until the end.
  let giveUp: ((reason: unknown) => void) | undefined;
  const end = (): void => giveUp?.(stop.reason);
  stop.addEventListener("abort", end);
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- chunk after chunk
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject;
        chunks.next().then(resolve, reject);
        if (stop.aborted) end();
      });
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw new BrokenFileError("the file broke off", { cause: error });
  } finally {
    stop.removeEventListener("abort", end);
    const rest = (): void => void source.resume();
    void chunks.return?.().then(rest, rest);
  }
}

const NO_FILE = "The form must have one file";

function readForm(req: IncomingMessage, stop: AbortSignal): Promise<ReadFile> {
  return new Promise((resolve) => {
    const refuse = (): void => resolve(refused("INVALID_REQUEST_FORMAT", NO_FILE));
    let form: busboy.Busboy;
    try {
      form = busboy({
        headers: req.headers,
        limits: { files: 1, fields: 10, fieldSize: 1_024 },
        // Browsers and curl write file names in UTF-8.
        defParamCharset: "utf8",
      });
    } catch {
      req.resume();
      return refuse();
    }
    // Whoever reads the file meets its errors; before and afterwards they are nobody's.
    form.on("file", (_field, stream, { filename, mimeType }) => {
      stream.on("error", () => undefined);
      req.once("aborted", () => stream.destroy(new Error("the client has left")));
      const named = filename === undefined || filename === "" ? {} : { fileName: filename };
      resolve({
        kind: "file",
        file: { bytes: chunksOf(stream, stop), declaredType: mimeType, ...named },
      });
    });
    form.on("close", refuse);
    form.on("error", refuse);
    req.pipe(form);
  });
}

function refused(code: Problem["code"], detail: string): ReadFile {
  return { kind: "refused", problem: { code, detail } };
}
