import { connect } from "node:net";
import { text } from "node:stream/consumers";

import type { TestRedis } from "./open-test-redis.ts";
import { openPrivateRedis } from "./private-redis.ts";

interface Server {
  readonly own: TestRedis;
  /** how it was set when it had started */
  readonly settings: string;
}

/** Servers of this process that wait for their next test. They end with the process. */
const idle: Server[] = [];

/**
 * A server that the tests of one process have one after the other, since a start costs more than most tests. Who has it has it alone.
 * It is passed on empty, unless something of the last test may have stayed: then it ends.
 */
export async function openSharedRedis(binary: string): Promise<TestRedis> {
  const server = idle.pop() ?? (await start(binary));
  const { own } = server;
  let stopped = false;
  let closed: Promise<void> | undefined;

  async function passOn(): Promise<void> {
    if (!stopped && (await isAsStarted(server))) {
      await converse(own.url, ["FLUSHALL", "CONFIG RESETSTAT"]);
      idle.push(server);
    } else await own[Symbol.asyncDispose]();
  }

  return {
    url: own.url,
    async kill9() {
      stopped = true;
      await own.kill9();
    },
    async restart() {
      stopped = true;
      await own.restart();
    },
    [Symbol.asyncDispose]: () => (closed ??= passOn()),
  };
}

async function start(binary: string): Promise<Server> {
  const own = await openPrivateRedis(binary, { durable: false, keepsFolder: false });
  return { own, settings: (await look(own.url)).settings };
}

/** Nobody else is connected, and no setting has changed. */
async function isAsStarted({ own, settings }: Server): Promise<boolean> {
  const found = await look(own.url);
  return found.clients === 1 && found.settings === settings;
}

async function look(url: string): Promise<{ settings: string; clients: number }> {
  const [settings = "", list = ""] = (
    await converse(url, ["CONFIG GET *", "ACL LIST", "CLIENT LIST"])
  ).split(/\$\d+\r\n(?=id=)/);
  return { settings, clients: list.match(/^id=/gm)?.length ?? 0 };
}

async function converse(url: string, commands: readonly string[]): Promise<string> {
  const { port, password } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write([`AUTH ${password}`, ...commands, "QUIT", ""].join("\r\n"));
  return await text(socket);
}
