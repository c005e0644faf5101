import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as secureRequest } from "node:https";
import { once } from "node:events";
import { AwsV4Signer } from "aws4fetch";
import {
  type MediaStore,
  MediaStoreError,
  type SpooledFile,
  type StoredObject,
} from "./media-store.ts";

/** A bucket of S3, or of anything that speaks like it. */
export interface S3Bucket {
  /** @example https://s3.eu-central-1.amazonaws.com */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What the names of our objects begin with. */
  readonly prefix?: string;
}

/** Nothing may move for so long. */
const IDLE_MS = 30_000;
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** The bucket by path (`<endpoint>/<bucket>/<prefix><name>`). S3 itself makes an object all or nothing, and checks its hash. */
export async function openS3Store(bucket: S3Bucket, spool: string): Promise<MediaStore> {
  await mkdir(spool, { recursive: true, mode: 0o700 });
  const base = `${bucket.endpoint.replace(/\/$/, "")}/${bucket.bucket}`;
  const prefix = bucket.prefix ?? "";
  const place = (name: string): string => `${base}/${prefix}${name}`;
  return {
    spool,
    async keep(name, file) {
      const answer = await ask(bucket, { method: "PUT", url: place(name), file });
      await expectSuccess(answer, "keep");
    },
    async read(name) {
      const answer = await ask(bucket, { method: "GET", url: place(name) });
      if (answer.statusCode === 404) {
        answer.resume();
        return undefined;
      }
      if (answer.statusCode !== 200) await expectSuccess(answer, "read");
      return answer;
    },
    async remove(name) {
      const answer = await ask(bucket, { method: "DELETE", url: place(name) });
      if (answer.statusCode !== 404) await expectSuccess(answer, "remove");
      else answer.resume();
    },
    list: () => listObjects(bucket, base, prefix),
  };
}

async function* listObjects(
  bucket: S3Bucket,
  base: string,
  prefix: string,
): AsyncIterable<StoredObject> {
  let next: string | undefined;
  do {
    const url = new URL(base);
    url.searchParams.set("list-type", "2");
    url.searchParams.set("prefix", prefix);
    if (next !== undefined) url.searchParams.set("continuation-token", next);
    // oxlint-disable-next-line no-await-in-loop -- each page names the next one
    const page = await expectSuccess(await ask(bucket, { method: "GET", url: url.href }), "list");
    for (const [, entry = ""] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
      const key = unescapeXml(tagOf(entry, "Key") ?? "");
      yield { name: key.slice(prefix.length), at: Date.parse(tagOf(entry, "LastModified") ?? "") };
    }
    next = unescapeXml(tagOf(page, "NextContinuationToken") ?? "") || undefined;
  } while (next !== undefined);
}

interface S3Request {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly url: string;
  readonly file?: SpooledFile;
}

/** Signs and sends; the body streams from the file. */
async function ask(bucket: S3Bucket, { method, url, file }: S3Request): Promise<IncomingMessage> {
  const signer = new AwsV4Signer({
    method,
    url,
    headers: { "X-Amz-Content-Sha256": file?.sha256 ?? EMPTY_SHA256 },
    accessKeyId: bucket.accessKeyId,
    secretAccessKey: bucket.secretAccessKey,
    region: bucket.region,
    service: "s3",
  });
  const signed = await signer.sign();
  const send = signed.url.protocol === "https:" ? secureRequest : plainRequest;
  const request = send(signed.url, {
    method,
    timeout: IDLE_MS,
    headers: {
      ...Object.fromEntries(signed.headers.entries()),
      ...(file === undefined ? {} : { "Content-Length": file.bytes }),
    },
  });
  request.on("timeout", () => request.destroy(new Error("the media bucket fell silent")));
  // What goes wrong after the answer is known from reading it.
  request.on("error", () => undefined);
  const answered = once(request, "response") as Promise<[IncomingMessage]>;
  if (file === undefined) request.end();
  else
    createReadStream(file.path)
      .on("error", (error) => request.destroy(error))
      .pipe(request);
  try {
    return (await answered)[0];
  } catch (error) {
    throw new MediaStoreError("the media bucket can't be reached", { cause: error });
  }
}

/** The text of the answer; throws when it is not a success. */
async function expectSuccess(answer: IncomingMessage, what: string): Promise<string> {
  let text = "";
  answer.setEncoding("utf8");
  for await (const chunk of answer) text += String(chunk);
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return text;
  throw new MediaStoreError(
    `the media bucket refused to ${what}: ${status} ${tagOf(text, "Code") ?? ""}`,
  );
}

function tagOf(xml: string, tag: string): string | undefined {
  return new RegExp(`<${tag}>(.*?)</${tag}>`, "s").exec(xml)?.[1];
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
