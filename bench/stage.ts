import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisServer, launchRedisServer } from "@pombo/redis-server";
import { openRedis, type Redis } from "@pombo/redis";
import { searchPath } from "./config.ts";
import { type Program, startProgram } from "./program.ts";

/** What all parts of a bench stand on: a folder, a private Redis, and a simulator, each a process of its own. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly redisUrl: string;
  readonly redis: Redis;
  readonly simulator: Simulator;
  /** Numbers that nobody has used yet: the first of `count` in a row. */
  takeNumbers(count: number): number;
}

export interface Simulator extends Program {
  readonly url: string;
  readonly rootKey: string;
  readonly controlUrl: string;
}

export type Fsync = "everysec" | "always" | "no";

const FIRST_NUMBER = 5_511_900_000_000;

export async function openStage(fsync: Fsync): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "pombo-bench-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  opened.defer(() => {
    process.off("exit", remove);
    remove();
  });
  const binary = await findRedisServer(searchPath());
  if (binary === undefined)
    throw new Error("The bench needs redis-server or valkey-server 7 on the PATH.");
  await mkdir(join(folder, "redis"));
  const server = opened.use(
    await launchRedisServer({ binary, dir: join(folder, "redis"), appendOnly: fsync }),
  );
  const { client } = opened.use(await openRedis({ url: server.url, role: "worker" }));
  const simulator = await startProgram({
    name: "simulator",
    file: "apps/simulator/src/main.ts",
    logFolder: folder,
  });
  opened.use(simulator);
  let nextNumber = FIRST_NUMBER;
  const rest = opened.move();
  return {
    folder,
    redisUrl: server.url,
    redis: client,
    simulator: {
      ...simulator,
      url: String(simulator.ready["simulator_url"]),
      rootKey: String(simulator.ready["root_key"]),
      controlUrl: String(simulator.ready["control_url"]),
    },
    takeNumbers(count) {
      const first = nextNumber;
      nextNumber += count;
      return first;
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}
