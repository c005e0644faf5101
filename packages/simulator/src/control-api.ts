import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { BadRequest } from "./bad-request.ts";
import type { Control } from "./control.ts";
import { Download, routes, type Route } from "./control-routes.ts";
import { readBody } from "./http-body.ts";
import type { Limits } from "./limits.ts";
import { numberOf } from "./number.ts";

/** The control of a simulator over HTTP, for hands in another process. JSON in, JSON out, `{error}` when it fails. */
export function controlApi(control: Control, limits: Limits): RequestListener {
  return (request, response) => {
    handle(control, limits, request).then(
      ({ status, value }) =>
        value instanceof Download ? give(response, value) : reply(response, status, value),
      (error: unknown) => {
        const known = error instanceof BadRequest;
        reply(response, known ? error.status : 500, {
          error: known ? error.message : "the simulator failed",
        });
      },
    );
  };
}

async function handle(
  control: Control,
  limits: Limits,
  request: IncomingMessage,
): Promise<{ status: number; value: unknown }> {
  const url = urlOf(request);
  const { methods, names } = find(url.pathname);
  const route = methods?.[request.method ?? ""];
  if (methods === undefined) throw new BadRequest(`no such path; GET / lists them`, 404);
  if (route === undefined)
    throw new BadRequest(`use ${Object.keys(methods).join(" or ")} here`, 405);
  const most = route.large === true ? limits.mediaBodyBytes : limits.httpBodyBytes;
  const body = await readBody(request, most);
  const { number } = names;
  const phone = number === undefined ? "" : numberOf(number);
  const call = { control, limits, query: url.searchParams, phone, names, body };
  return { status: route.status ?? 200, value: await route.answer(call) };
}

function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? "/", "http://simulator");
  if (url === null) throw new BadRequest("unreadable URL");
  return url;
}

interface Found {
  readonly methods: Readonly<Record<string, Route>> | undefined;
  /** Decoded parts of the path. */
  readonly names: Readonly<Record<string, string>>;
}

function find(path: string): Found {
  const parts = path.split("/");
  for (const [pattern, methods] of Object.entries(routes)) {
    const names = namesIn(pattern.split("/"), parts);
    if (names !== undefined) return { methods, names };
  }
  return { methods: undefined, names: {} };
}

function namesIn(
  pattern: readonly string[],
  parts: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const names: Record<string, string> = {};
  for (const [at, wanted] of pattern.entries()) {
    const part = parts[at] ?? "";
    if (wanted.startsWith(":") && part !== "") names[wanted.slice(1)] = decoded(part);
    else if (wanted !== part) return undefined;
  }
  return names;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BadRequest("unreadable name in the path");
  }
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    // The rest of a body that is too long is not waited for.
    ...(status === 413 && { connection: "close" }),
  });
  response.end(body);
}

function give(response: ServerResponse, { media }: Download): void {
  response.writeHead(200, { "content-type": media.mimeType, "content-length": media.size });
  // Whoever stops reading ends the answer; there is nobody left to tell.
  pipeline(media.bytes, response, () => {});
}
