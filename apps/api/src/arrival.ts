import type { IncomingMessage, Server } from "node:http";
import { hasContent } from "./read-body.ts";

/** How long a request may take to arrive; one that brings a file may take longer. */
const ARRIVAL_MS = 60_000;
export const SLOW_ARRIVAL_MS = 1_800_000;

const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/** Ends requests that do not come to their end, as Node's own timer does, which knows one time for all of them. */
export function limitArrival(server: Server): void {
  server.on("request", (req: IncomingMessage) => {
    if (!hasContent(req)) return;
    const end = (): void => {
      if (!req.complete) server.emit("clientError", tooSlow(), req.socket);
    };
    const timer = setTimeout(end, ARRIVAL_MS);
    timers.set(req, timer);
    for (const event of ["end", "close"]) req.once(event, () => clearTimeout(timer));
  });
}

/** This one brings a file. */
export function allowSlow(req: IncomingMessage): void {
  clearTimeout(timers.get(req));
}

function tooSlow(): Error {
  return Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
}
