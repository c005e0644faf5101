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
export async function readFile(req: IncomingMessage, limitBytes: number): Promise<ReadFile> {
  const { headers } = req;
  const encoding = headers["content-encoding"] ?? "identity";
  const type = headers["content-type"];
  if (encoding !== "identity")
    return refused("UNSUPPORTED_MEDIA_TYPE", "Files are taken without a content encoding");
  if (isForm(type)) return readForm(req);
  if (Number(headers["content-length"] ?? 0) > limitBytes)
    return refused("PAYLOAD_TOO_LARGE", `The file is larger than ${limitBytes} bytes`);
  const declared = type === undefined ? {} : { declaredType: type };
  return { kind: "file", file: { bytes: chunksOf(req), ...declared } };
}

function isForm(type: string | undefined): boolean {
  return /^multipart\/form-data\s*;/i.test(type ?? "");
}

/** Reads on after the reader has stopped, so that the client, which may still be writing, gets its answer. */
async function* chunksOf(req: IncomingMessage): AsyncIterable<Uint8Array> {
  try {
    yield* req.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } finally {
    req.resume();
  }
}

const NO_FILE = "The form must have one file";

function readForm(req: IncomingMessage): Promise<ReadFile> {
  return new Promise((resolve) => {
    const refuse = (): void => resolve(refused("INVALID_REQUEST_FORMAT", NO_FILE));
    let form: busboy.Busboy;
    try {
      form = busboy({ headers: req.headers, limits: { files: 1, fields: 10, fieldSize: 1_024 } });
    } catch {
      req.resume();
      return refuse();
    }
    form.on("file", (_field, stream, { filename, mimeType }) => {
      // A form that ends too early breaks the file that is being read.
      const breakOff = (error: Error): void => void stream.destroy(error);
      form.once("error", (error) => breakOff(error as Error));
      req.once("aborted", () => breakOff(new Error("the client has left")));
      const named = filename === undefined || filename === "" ? {} : { fileName: filename };
      resolve({ kind: "file", file: { bytes: drained(stream), declaredType: mimeType, ...named } });
    });
    form.on("close", refuse);
    form.on("error", refuse);
    req.pipe(form);
  });
}

async function* drained(stream: NodeJS.ReadableStream): AsyncIterable<Uint8Array> {
  const chunks = stream as NodeJS.ReadableStream & {
    iterator(options: { destroyOnReturn: boolean }): AsyncIterable<Uint8Array>;
  };
  try {
    yield* chunks.iterator({ destroyOnReturn: false });
  } finally {
    stream.resume();
  }
}

function refused(code: Problem["code"], detail: string): ReadFile {
  return { kind: "refused", problem: { code, detail } };
}
