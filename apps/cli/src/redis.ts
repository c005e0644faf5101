import { totalmem } from "node:os";
import { join } from "node:path";

import {
  chooseRedis,
  findContainerEngine,
  findOnPath,
  findRedisServer,
  installRedisPackage,
  launchRedisContainer,
  launchRedisServer,
  type RedisChoice,
  type RedisFacts,
  type RedisServer,
} from "@pombo/redis-server";

import { CannotStart } from "./cannot-start.ts";
import type { UpConfig } from "./config.ts";
import type { Running } from "./keep-running.ts";

export interface RunningRedis extends Running {
  readonly url: string;
}

type Tell = (what: string) => void;

/** Which Redis it will be. Looks only as far as needed; brings Debian's package where that is the way. */
export async function findRedis(config: UpConfig, tell: Tell): Promise<RedisChoice> {
  let facts: RedisFacts = config.redisUrl === undefined ? {} : { url: config.redisUrl };
  const looks = [binaryOnPath, engineOnPath, debianPackage];
  for (const look of looks) {
    if (chooseRedis(facts).kind !== "none") break;
    facts = { ...facts, ...(await look(config.path)) };
  }
  const choice = chooseRedis(facts);
  if (choice.kind === "none") throw new CannotStart(choice.says);
  if (choice.kind !== "package") return choice;
  await install(choice.aptGet, tell);
  const brought = chooseRedis(await binaryOnPath(`${config.path ?? ""}:/usr/bin`));
  if (brought.kind === "none") throw new CannotStart(brought.says);
  return brought;
}

async function binaryOnPath(path: string | undefined): Promise<RedisFacts> {
  const binary = await findRedisServer(path);
  return binary === undefined ? {} : { binary };
}

async function engineOnPath(path: string | undefined): Promise<RedisFacts> {
  const engine = await findContainerEngine(path);
  return engine === undefined ? {} : { engine };
}

async function debianPackage(path: string | undefined): Promise<RedisFacts> {
  const aptGet = findOnPath("apt-get", `${path ?? ""}:/usr/bin`);
  return aptGet === undefined ? {} : { aptGet, root: process.getuid?.() === 0 };
}

async function install(aptGet: string, tell: Tell): Promise<void> {
  tell("installing redis-server");
  try {
    await installRedisPackage(aptGet, tell);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotStart(`${why}\nRedis could not be installed: install redis-server by hand.`, {
      cause: error,
    });
  }
}

export interface RedisLauncher {
  start(signal: AbortSignal, tell?: Tell): Promise<RunningRedis>;
}

/** Starts the chosen Redis; started again it has the same address, so that its clients find it. */
export async function redisLauncher(choice: RedisChoice, dir: string): Promise<RedisLauncher> {
  if (choice.kind === "url") return { start: async () => foreign(choice.url) };
  if (choice.kind !== "binary" && choice.kind !== "container")
    throw new CannotStart("There is no Redis to start.");
  let address: { port: number; password: string } | undefined;
  return {
    async start(signal, tell) {
      const onLoading = (percent: number): void => tell?.(`reading its file, ${percent} %`);
      const common = { dir, appendOnly: "always", maxMemory: halfOfMemory(), signal } as const;
      const options = { ...common, ...address, onLoading };
      const server = await launch(choice, options);
      address = { port: server.port, password: new URL(server.url).password };
      return running(server, join(dir, "redis.log"));
    },
  };
}

type LaunchOptions = Omit<Parameters<typeof launchRedisServer>[0], "binary">;
type Launchable = Extract<RedisChoice, { kind: "binary" | "container" }>;

async function launch(choice: Launchable, options: LaunchOptions): Promise<RedisServer> {
  try {
    return choice.kind === "binary"
      ? await launchRedisServer({ ...options, binary: choice.binary })
      : await launchRedisContainer({ ...options, engine: choice.engine });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new CannotStart(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function running(server: RedisServer, logFile: string): RunningRedis {
  const ended = { how: `its log in ${logFile}`, lastWords: "" };
  return {
    url: server.url,
    pid: server.pid,
    closed: server.closed.then(() => ended),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Somebody else's: neither watched nor ended by us. */
function foreign(url: string): RunningRedis {
  const { promise, resolve } = Promise.withResolvers<{ how: string; lastWords: string }>();
  const leave = async (): Promise<void> => resolve({ how: "our end", lastWords: "" });
  return { url, pid: null, closed: promise, [Symbol.asyncDispose]: leave };
}

function halfOfMemory(): string {
  return `${Math.max(256, Math.floor(totalmem() / 2 / 1024 / 1024))}mb`;
}
