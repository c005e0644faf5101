import { createPombo, type Output } from "@pombo/sdk";
import { sessionEnded } from "../../api/session.ts";
import { type Format, MEDIA_TYPES } from "./file-part.ts";
import type { BatchQuery } from "./upload-settings.ts";

/** Of one try: a file may be large. */
const UPLOAD_MS = 1_800_000;

export interface Upload {
  readonly file: File;
  readonly format: Format;
  readonly settings: BatchQuery;
  /** The same in all tries: what is stored of it is compared, and it goes on where it stopped. */
  readonly key: string;
}

export interface UploadWatch {
  readonly signal: AbortSignal;
  /** Bytes that have left, of all. */
  readonly onProgress: (sent: number, total: number) => void;
}

/** Sends a file as a batch; the browser reads it from disk as it goes. Tries that broke off are made again under the same key. */
export async function uploadFile(
  { file, format, settings, key }: Upload,
  { signal, onProgress }: UploadWatch,
): Promise<Output<"createBatch">> {
  const pombo = createPombo({
    url: window.location.origin,
    headers: { "x-pombo-console": "1" },
    timeoutMs: UPLOAD_MS,
    fetch: uploadingFetch(onProgress),
  });
  return pombo.createBatch(settings, {
    content: file,
    contentType: MEDIA_TYPES[format],
    idempotencyKey: key,
    signal,
  });
}

/**
 * A `fetch` that tells how much of the body has left. The one of browsers does not, and sends streams over HTTP/2 only; XMLHttpRequest does,
 * and it reads files from disk as well.
 */
function uploadingFetch(onProgress: UploadWatch["onProgress"]): typeof fetch {
  return async (input, init = {}) => {
    const { signal } = init;
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open(init.method ?? "GET", new Request(input).url);
    request.responseType = "arraybuffer";
    for (const [name, value] of new Headers(init.headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded, total));
    const stop = (): void => request.abort();
    signal?.addEventListener("abort", stop);
    try {
      await answerOf(request, init.body);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    signal?.throwIfAborted();
    if (request.status === 0) throw new TypeError("The connection broke off.");
    if (request.status === 401) sessionEnded();
    const body = request.response as ArrayBuffer;
    return new Response(body.byteLength === 0 ? null : body, {
      status: request.status,
      headers: headersOf(request.getAllResponseHeaders()),
    });
  };
}

function answerOf(request: XMLHttpRequest, body: BodyInit | null | undefined): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  request.addEventListener("loadend", resolve);
  // A file or a text: streams are not sent this way.
  request.send(body as XMLHttpRequestBodyInit);
  return promise;
}

function headersOf(text: string): [string, string][] {
  return text
    .trim()
    .split(/\r\n/)
    .flatMap((line) => {
      const [name = "", ...value] = line.split(":");
      return name === "" ? [] : [[name, value.join(":").trim()] satisfies [string, string]];
    });
}
