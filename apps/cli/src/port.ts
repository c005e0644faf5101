import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import { freePort } from "@pombo/redis-server";

import { CannotStart } from "./cannot-start.ts";

const USUAL_PORT = 3_000;
const NEIGHBOURS = 100;
const PATIENCE_MS = 3_000;
const BETWEEN_MS = 100;

/**
 * The port of the API: the wished one, or the usual one or the next free above it. A wished port is waited for a moment, since
 * a process of an earlier run may still be leaving it.
 */
export async function choosePort(
  wished: number | undefined,
  host: string,
  patienceMs = PATIENCE_MS,
): Promise<number> {
  if (wished === 0) return await freePort();
  if (wished === undefined) return await nextFreePort(USUAL_PORT, host);
  for (const until = performance.now() + patienceMs; performance.now() < until;) {
    if (await isFree(wished, host)) return wished;
    await pause(BETWEEN_MS);
  }
  throw new CannotStart(`Port ${wished} is taken by another program: choose one with --port.`);
}

export async function nextFreePort(first: number, host: string): Promise<number> {
  for (let port = first; port < first + NEIGHBOURS; port += 1)
    if (await isFree(port, host)) return port;
  return await freePort();
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
