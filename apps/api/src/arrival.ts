import type { IncomingMessage, Server } from "node:http";
import { hasContent } from "./read-body.ts";

/** How long a request may take to arrive; one that brings a file may take longer. */
const ARRIVAL_MS = 60_000;
export const SLOW_ARRIVAL_MS = 1_800_000;
const SWEEP_MS = 1_000;

/** This one brings a file. */
const SLOW = Symbol("slow");

interface Arriving extends IncomingMessage {
  [SLOW]?: true;
}

/**
 * Ends requests that do not come to their end, as Node's own timer does, which knows one time for all of them. Nearly all are whole
 * by the end of the turn that they began in: a timer and its listeners are only for the others.
 */
export function limitArrival(server: Server): void {
  const arriving = new Map<Arriving, number>();
  let fresh: Arriving[] = [];
  let clock: NodeJS.Timeout | undefined;

  function watch(): void {
    const begun = fresh;
    fresh = [];
    for (const req of begun) {
      if (req.complete || req.destroyed) continue;
      arriving.set(req, performance.now() + ARRIVAL_MS);
      for (const event of ["end", "close"]) req.once(event, () => arriving.delete(req));
    }
    if (arriving.size > 0) clock ??= setInterval(sweep, SWEEP_MS).unref();
  }

  function sweep(): void {
    const now = performance.now();
    for (const [req, until] of arriving) {
      if (req.complete || req[SLOW] === true) arriving.delete(req);
      else if (until <= now) {
        arriving.delete(req);
        server.emit("clientError", tooSlow(), req.socket);
      }
    }
    if (arriving.size > 0) return;
    clearInterval(clock);
    clock = undefined;
  }

  server.on("request", (req: IncomingMessage) => {
    if (!hasContent(req)) return;
    if (fresh.length === 0) setImmediate(watch);
    fresh.push(req);
  });
}

export function allowSlow(req: IncomingMessage): void {
  (req as Arriving)[SLOW] = true;
}

function tooSlow(): Error {
  return Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
}
