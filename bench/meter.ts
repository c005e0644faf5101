import type { Redis } from "@pombo/redis";
import type { Program } from "./program.ts";

/** CPU that a piece of work took. */
export interface Cost {
  readonly wallMs: number;
  /** ms, by the name of the program */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly redisUs: number;
}

export interface Metered {
  readonly redis: Redis;
  readonly programs: Readonly<Record<string, Program>>;
}

/** Runs the work and reads the meters of everybody who takes part right before and right after. */
export async function metered<Result>(
  { redis, programs }: Metered,
  work: () => Promise<Result>,
): Promise<Cost & { readonly result: Result }> {
  const names = Object.keys(programs);
  const read = async (): Promise<readonly number[]> =>
    Promise.all([
      redisCpuUs(redis),
      ...Object.values(programs).map(async (program) => (await program.usage()).cpuMs),
    ]);
  const before = await read();
  const from = performance.now();
  const result = await work();
  const wallMs = performance.now() - from;
  const after = await read();
  const used = after.map((value, index) => value - (before[index] ?? 0));
  const cpuMs = Object.fromEntries(names.map((name, index) => [name, used[index + 1] ?? 0]));
  return { wallMs, cpuMs, redisUs: used[0] ?? 0, result };
}

/** CPU of all threads of the server, the flushing of its file included. */
export async function redisCpuUs(redis: Redis): Promise<number> {
  const info = await redis.info("cpu");
  const seconds = (name: string): number =>
    Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1] ?? 0);
  return (seconds("used_cpu_user") + seconds("used_cpu_sys")) * 1_000_000;
}

export async function redisBytes(redis: Redis): Promise<number> {
  const info = await redis.info("memory");
  return Number(/used_memory:(\d+)/.exec(info)?.[1] ?? 0);
}
