import type { IncomingMessage } from "node:http";
import { BadRequest } from "./bad-request.ts";

/** A request's body, read whole within a bound. */
export interface Body {
  text(): string;
  /** Throws {@link BadRequest} when it is no JSON. */
  json(): unknown;
}

export async function readBody(request: IncomingMessage, most: number): Promise<Body> {
  const tooLong = new BadRequest(`the body is longer than ${most} bytes`, 413);
  if (Number(request.headers["content-length"] ?? 0) > most) throw tooLong;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw tooLong;
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    text: () => text,
    json() {
      try {
        return JSON.parse(text);
      } catch {
        throw new BadRequest("the body is no JSON");
      }
    },
  };
}
