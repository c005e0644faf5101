import type { CellId } from "@pombo/domain";
import { DEFAULT_SETTINGS } from "@pombo/domain";
import { cellKeys, openRedis } from "@pombo/redis";
import { openTestRedis } from "@pombo/testbed";
import { describe, expect, test } from "vitest";
import { judgeSchema, type Migration, MIGRATIONS, schemas } from "./schema.ts";
import { openScripts } from "./scripts.ts";

const step = (to: number, beside: boolean, run = () => Promise.resolve()): Migration => ({
  to,
  says: `step ${to}`,
  beside,
  run,
});
const THREE = [step(1, true), step(2, false), step(3, true)];
const seen = (noted: string | null, over: { empty?: boolean; workers?: number } = {}) => ({
  noted,
  empty: false,
  workers: 0,
  ...over,
});

test("there is a migration for each version, in order", () => {
  expect(MIGRATIONS.map(({ to }) => to)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});

describe("the version of the data", () => {
  const judge = (what: ReturnType<typeof seen>, mayMigrate = false) =>
    judgeSchema(what, { mayMigrate }, THREE);

  test("that is ours is left alone, and is written where there is nothing", () => {
    expect(judge(seen("3"))).toEqual({ kind: "same" });
    expect(judge(seen(null, { empty: true }))).toEqual({ kind: "write", version: 3 });
  });

  test("that is newer, or no number, is never touched, whoever asks", () => {
    for (const noted of ["4", "999", "", "1.5", "-1", "x"])
      for (const may of [false, true])
        expect(judge(seen(noted), may), noted).toMatchObject({ kind: "refuse" });
    expect(judge(seen("4"), true)).toMatchObject({
      says: expect.stringMatching(/version 4.*newer Pombo.*version 3/) as string,
    });
  });

  test("that is older is migrated at once only where the old ones may go on beside it", () => {
    expect(judge(seen("2"))).toEqual({ kind: "migrate", from: 2, steps: [THREE[2]] });
    expect(judge(seen("1"))).toMatchObject({
      kind: "refuse",
      says: expect.stringContaining("run: pombo migrate") as string,
    });
    expect(judge(seen(null), true)).toEqual({ kind: "migrate", from: 0, steps: THREE });
    expect(judge(seen("1", { workers: 2 }), true)).toMatchObject({
      kind: "refuse",
      says: expect.stringContaining("2 workers live") as string,
    });
  });
});

async function setup(migrations: readonly Migration[]) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const { client: redis } = stack.use(await openRedis({ url: server.url, role: "worker" }));
  const keys = cellKeys("c0" as CellId);
  const { run } = openScripts(redis, keys, DEFAULT_SETTINGS);
  return {
    redis,
    keys,
    ...schemas({ redis, keys, run, migrations }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("many that start at once on old data migrate it once, and all go on", async () => {
  let runs = 0;
  const count = async (): Promise<void> => void (runs += 1);
  await using bed = await setup([step(1, true, count), step(2, true, count)]);
  await bed.redis.zadd(bed.keys.devices(), 1, "dev_1");
  const starts = Array.from({ length: 4 }, () => bed.settleSchema({ mayMigrate: false }));
  const kinds = (await Promise.all(starts)).map(({ kind }) => kind);
  expect(kinds.toSorted()).toEqual(["migrated", "same", "same", "same"]);
  expect([runs, await bed.redis.get(bed.keys.schema())]).toEqual([2, "2"]);
  expect(await bed.redis.exists(bed.keys.migrating())).toBe(0);
});

test("a migration that dies half-way is gone on with where it stood", async () => {
  let dies = true;
  const ran: number[] = [];
  const die = async (): Promise<void> => {
    ran.push(2);
    if (dies) throw new Error("killed");
  };
  const first = async (): Promise<void> => void ran.push(1);
  await using bed = await setup([step(1, false, first), step(2, false, die)]);
  await bed.redis.zadd(bed.keys.devices(), 1, "dev_1");
  await expect(bed.settleSchema({ mayMigrate: true })).rejects.toThrow("killed");
  expect(await bed.redis.get(bed.keys.schema())).toBe("1");
  expect(await bed.settleSchema({ mayMigrate: false })).toMatchObject({ kind: "refused" });
  dies = false;
  expect(await bed.settleSchema({ mayMigrate: true })).toEqual({
    kind: "migrated",
    did: ["step 2"],
  });
  expect([ran, await bed.redis.get(bed.keys.schema())]).toEqual([[1, 2, 2], "2"]);
});

test("an empty cell gets the version, and what is newer stays as it is", async () => {
  await using bed = await setup([step(1, true)]);
  const start = { mayMigrate: true };
  expect(await bed.settleSchema(start)).toEqual({ kind: "written" });
  expect(await bed.settleSchema(start)).toEqual({ kind: "same" });
  await bed.redis.set(bed.keys.schema(), "7");
  expect(await bed.settleSchema(start)).toMatchObject({ kind: "refused" });
  expect(await bed.redis.keys("*")).toEqual([bed.keys.schema()]);
});
