import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { finished, pipeline } from "node:stream/promises";
import type { FaultAction } from "./faults.ts";
import { holderOf } from "./media-connection.ts";
import { UnfitMedia } from "./media-store.ts";
import type { Realm } from "./realm.ts";
import type { TlsCertificate } from "./tls-certificate.ts";

/**
 * The HTTPS host that media goes through:
 *
 *   POST /mms/<kind>/<token>?auth=…   the encrypted bytes; token = their hash → {url, direct_path}
 *   GET  <direct_path>                the same bytes
 */
export interface MediaHost extends AsyncDisposable {
  readonly port: number;
}

export interface MediaDoor {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsCertificate;
}

export async function openMediaHost(realm: Realm, door: MediaDoor): Promise<MediaHost> {
  const timeouts = {
    headersTimeout: realm.limits.httpHeaderMs,
    requestTimeout: realm.limits.mediaUploadMs,
  };
  const server = createServer({ ...door.tls, ...timeouts }, (request, response) => {
    realm.work.add(async () => {
      try {
        await handle(realm, request, response);
      } catch (error) {
        // Most often the client went away; whoever is still there learns that nothing was kept.
        if (!response.headersSent)
          reply(response, error instanceof UnfitMedia ? error.status : 500);
        else response.destroy();
      }
    });
  });
  server.listen(door.port, door.host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export const directPathOf = (token: string): string => `/v/sim/${token}.enc`;

export const mediaUrlOf = (hostname: string, token: string): string =>
  `https://${hostname}${directPathOf(token)}`;

/** The token in a direct path or URL of ours. */
export const tokenIn = (path: string): string | undefined =>
  /\/v\/sim\/([\w-]{43})\.enc(?:\?|$)/.exec(path)?.[1];

function handle(realm: Realm, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "https://media");
  const upload = /^\/mms\/([\w-]+)\/([\w-]{43})$/.exec(url.pathname);
  if (request.method === "POST" && upload?.[2] !== undefined) {
    const device = holderOf(realm, url.searchParams.get("auth") ?? "");
    return takeUpload(realm, { request, response, token: upload[2], device });
  }
  const token = tokenIn(url.pathname);
  if (request.method === "GET" && token !== undefined)
    return giveDownload(realm, { request, response, token });
  reply(response, 404);
  return Promise.resolve();
}

interface Transfer {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly token: string;
}

async function takeUpload(
  realm: Realm,
  { request, response, token, device }: Transfer & { readonly device: string | undefined },
): Promise<void> {
  if (device === undefined) return reply(response, 401);
  const fault = realm.faults.take("media", { device });
  if (fault !== undefined && (await disturbed(realm, { request, response, fault }))) {
    realm.log.append("media", { device, type: "upload", refused: true });
    return;
  }
  const stored = await realm.media.keep(request as AsyncIterable<Buffer>, token);
  realm.log.append("media", { device, type: "upload", bytes: stored.bytes });
  const hostname = realm.mediaHost.current ?? "";
  reply(response, 200, { url: mediaUrlOf(hostname, token), direct_path: directPathOf(token) });
}

async function giveDownload(realm: Realm, { request, response, token }: Transfer): Promise<void> {
  const fault = realm.faults.take("download", {});
  if (fault !== undefined && (await disturbed(realm, { request, response, fault }))) return;
  const stored = realm.media.find(token);
  if (stored === undefined) return reply(response, 404);
  realm.log.append("media", { type: "download", bytes: stored.bytes });
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": stored.bytes,
  });
  await pipeline(stored.read(), response);
}

/** Plays a fault; false: the transfer goes on afterwards. */
async function disturbed(
  realm: Realm,
  {
    request,
    response,
    fault,
  }: { request: IncomingMessage; response: ServerResponse; fault: FaultAction },
): Promise<boolean> {
  if (fault.kind === "delay") {
    const gone = once(response, "close");
    await Promise.race([
      gone,
      new Promise<void>((resolve) => realm.timers.after(fault.ms, resolve)),
    ]);
    return response.destroyed;
  }
  if (fault.kind === "close") {
    request.destroy();
    return true;
  }
  // An answer while the bytes still come may never be read, so they are taken first.
  await finished(request.resume());
  // Else (drop): never a word; the socket ends with the client or the simulator.
  if (fault.kind === "http_status") reply(response, fault.status);
  else if (fault.kind === "garbage") reply(response, 200, { error: "try again later" });
  return true;
}

function reply(response: ServerResponse, status: number, value: unknown = { error: status }): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.length,
    // The rest of a refused upload is not waited for.
    ...(status < 400 ? {} : { connection: "close" }),
  });
  response.end(body);
}
