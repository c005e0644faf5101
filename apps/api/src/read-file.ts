import type { IncomingMessage } from "node:http";
import type { Problem } from "@pombo/contract";
import busboy from "busboy";
import { chunksOf } from "./chunks-of.ts";

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
