import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { S3Bucket } from "./index.ts";

interface Signed {
  readonly method: string;
  /** As it was sent, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface Scope {
  readonly date: string;
  readonly region: string;
  /** The names of the headers that are signed. */
  readonly signed: readonly string[];
}

/** Signature Version 4 of a request, by the document that describes it. */
export function signatureOf(
  request: Signed,
  { date, region, signed }: Scope,
  secret: string,
): string {
  const { method, path, query, headers } = request;
  const pairs = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const canonical = [
    method,
    path,
    pairs.toSorted().join("&"),
    ...signed.map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    signed.join(";"),
    headers["x-amz-content-sha256"],
  ].join("\n");
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = [date, region, "s3", "aws4_request"].reduce<Buffer>(
    (from, part) => createHmac("sha256", from).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
  return createHmac("sha256", key).update(text).digest("hex");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

const PAGE = 3;

/** One bucket in memory: checks the signature of each request and the hash of each body, as S3 does; lists three a page. */
export async function openS3Server() {
  const bucket = {
    bucket: "pombo",
    region: "eu-central-1",
    accessKeyId: "AKIATEST",
    secretAccessKey: "a secret",
  };
  const objects = new Map<string, { readonly bytes: Buffer; readonly at: Date }>();
  const server = createServer((req, res) => void serve(req, res)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await buffer(req);
    const url = new URL(req.url ?? "", "http://bucket");
    const refuse = (status: number, code: string): unknown =>
      res.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
    if (!isSigned(req, url)) return void refuse(403, "SignatureDoesNotMatch");
    if (sha256(body) !== req.headers["x-amz-content-sha256"])
      return void refuse(400, "XAmzContentSHA256Mismatch");
    const name = decodeURIComponent(url.pathname).slice(`/${bucket.bucket}/`.length);
    if (name === "") return void res.end(listing(url.searchParams));
    const found = objects.get(name);
    if (req.method === "PUT") objects.set(name, { bytes: body, at: new Date() });
    else if (req.method === "DELETE") objects.delete(name);
    else if (found === undefined) return void refuse(404, "NoSuchKey");
    else return void res.end(found.bytes);
    res.writeHead(req.method === "DELETE" ? 204 : 200).end();
  }

  function isSigned(req: IncomingMessage, { pathname, searchParams }: URL): boolean {
    const form =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/;
    const [, id, date = "", region = "", names = "", signature] =
      form.exec(req.headers.authorization ?? "") ?? [];
    const request = {
      method: req.method ?? "",
      path: pathname,
      query: searchParams,
      headers: req.headers,
    };
    const scope = { date, region, signed: names.split(";") };
    return (
      id === bucket.accessKeyId &&
      region === bucket.region &&
      signature === signatureOf(request, scope, bucket.secretAccessKey)
    );
  }

  function listing(query: URLSearchParams): string {
    const from = Number(query.get("continuation-token") ?? 0);
    const all = [...objects].filter(([name]) => name.startsWith(query.get("prefix") ?? ""));
    const page = all
      .slice(from, from + PAGE)
      .map(
        ([name, { at }]) =>
          `<Contents><Key>${name.replaceAll("&", "&amp;")}</Key><LastModified>${at.toISOString()}</LastModified></Contents>`,
      );
    const next =
      from + PAGE < all.length
        ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>`
        : "";
    return `<ListBucketResult>${page.join("")}${next}</ListBucketResult>`;
  }

  return {
    bucket: { endpoint: `http://127.0.0.1:${port}`, ...bucket } satisfies S3Bucket,
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
