import { createHash } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

import { CannotStart } from "./cannot-start.ts";

/** Held while `pombo up` runs on a folder. */
export interface FolderLock extends AsyncDisposable {
  /** What a second start is told. */
  tell(url: string): void;
}

const TRIES = 20;
const BETWEEN_MS = 50;

/**
 * The lock is a listening socket: the kernel closes it with the process, so a kill −9 leaves nothing behind. On Linux it has no
 * file at all (an abstract address); elsewhere a file may stay, and is removed when nobody answers behind it. Who connects is
 * told the holder's pid and url.
 *
 * @param path the real path of the folder
 */
export async function lockFolder(path: string): Promise<FolderLock> {
  const address = addressOf(path);
  let url = "";
  for (let left = TRIES; left > 0; left -= 1) {
    const server = await listen(address, () => JSON.stringify({ pid: process.pid, url }));
    if (server !== undefined) return { tell: (told) => (url = told), ...closing(server) };
    const holder = await askHolder(address);
    if (holder !== undefined) throw new CannotStart(alreadyRunning(readHolder(holder)));
    if (!address.startsWith("\0")) await rm(address, { force: true });
    await pause(BETWEEN_MS); // it is just ending
  }
  throw new CannotStart(`Another program holds the lock of ${path} and does not say who it is.`);
}

/** Who runs on a folder; the url is empty while it starts. */
export interface Holder {
  readonly pid: number;
  readonly url: string;
}

/**
 * Undefined when nobody runs there.
 *
 * @param path the real path of the folder
 */
export async function holderOf(path: string): Promise<Holder | undefined> {
  const said = await askHolder(addressOf(path));
  return said === undefined ? undefined : readHolder(said);
}

function addressOf(path: string): string {
  const name = `pombo-${createHash("sha256").update(path).digest("hex").slice(0, 24)}`;
  return process.platform === "linux" ? `\0${name}` : join(tmpdir(), `${name}.sock`);
}

function readHolder(said: string): Holder {
  return JSON.parse(said) as Holder;
}

/** Undefined when somebody listens there already. */
async function listen(address: string, hello: () => string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(hello());
  });
  try {
    server.listen(address);
    await once(server, "listening");
    return server;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw error;
  }
}

function closing(server: Server): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

async function askHolder(address: string): Promise<string | undefined> {
  const socket = connect(address);
  try {
    const said = await text(socket);
    return said === "" ? undefined : said;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

function alreadyRunning({ pid, url }: Holder): string {
  const where = url === "" ? `pid ${pid}, still starting` : `pid ${pid}, ${url}`;
  return `Pombo is already running on this data folder (${where}).`;
}
