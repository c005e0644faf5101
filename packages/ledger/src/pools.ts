import type { DeviceId, PoolId, PoolStrategy, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** Devices that send together. */
export interface PoolRecord {
  readonly id: PoolId;
  readonly name: string;
  readonly strategy: PoolStrategy;
  /** In the order of its user; empty when all that it had were deleted. */
  readonly devices: readonly DeviceId[];
  readonly keyId: string;
  readonly createdAt: number;
}

interface NewPool {
  readonly id: PoolId;
  readonly name: string;
  readonly strategy: PoolStrategy;
  /** At least one, each once. */
  readonly devices: readonly DeviceId[];
  readonly keyId: string;
  readonly now: number;
}

type PoolEdit = Partial<Pick<NewPool, "name" | "strategy" | "devices">>;

type NoDevice = { readonly kind: "no-device"; readonly deviceId: DeviceId };

export interface Pools {
  /** `exists`: it is there already, and stays as it is. `full`: there are too many. */
  createPool(pool: NewPool): Promise<{ readonly kind: "created" | "exists" | "full" } | NoDevice>;
  findPool(id: PoolId): Promise<PoolRecord | undefined>;
  /** By creation. */
  listPools(): Promise<readonly PoolRecord[]>;
  /** Messages that wait with a device that is no longer in it go to the others. */
  editPool(
    id: PoolId,
    edit: PoolEdit,
    now: number,
  ): Promise<{ readonly kind: "edited" | "absent" } | NoDevice>;
  /** `in-use`: batches that have not ended are sent from it. */
  deletePool(id: PoolId, now: number): Promise<"deleted" | "absent" | "in-use">;
}

interface PoolsDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function pools({ redis, keys, run, settings }: PoolsDeps): Pools {
  return {
    async createPool({ id, now, name, strategy, keyId, devices }) {
      const limit = settings.pools_limit;
      const reply = await run("create-pool", id, now, name, strategy, keyId, limit, ...devices);
      return readReply(reply as Reply<"created" | "exists" | "full">);
    },
    async findPool(id) {
      return readPool(id, await redis.hgetall(keys.pool(id)));
    },
    async listPools() {
      const ids = (await redis.zrange(keys.pools(), "0", "-1")) as PoolId[];
      const found = await Promise.all(ids.map((id) => redis.hgetall(keys.pool(id))));
      return ids.flatMap((id, index) => readPool(id, found[index] ?? {}) ?? []);
    },
    async editPool(id, { name = "", strategy = "", devices = [] }, now) {
      const reply = await run("edit-pool", id, now, name, strategy, ...devices);
      return readReply(reply as Reply<"edited" | "absent">);
    },
    async deletePool(id, now) {
      const reply = await run("delete-pool", id, now);
      if (reply === 2) return "in-use";
      return reply === 1 ? "deleted" : "absent";
    },
  };
}

/** A word, and the device that there is not. */
type Reply<Kind extends string> = readonly [Kind, DeviceId?];

function readReply<Kind extends string>([kind, deviceId]: Reply<Kind>):
  | { readonly kind: Kind }
  | NoDevice {
  return deviceId === undefined ? { kind } : { kind: "no-device", deviceId };
}

function readPool(
  id: PoolId,
  { name, strategy, devices, key, at }: Readonly<Record<string, string>>,
): PoolRecord | undefined {
  if (name === undefined) return undefined;
  return {
    id,
    name,
    strategy: strategy as PoolStrategy,
    devices: JSON.parse(devices ?? "[]") as readonly DeviceId[],
    keyId: key ?? "",
    createdAt: Number(at),
  };
}
