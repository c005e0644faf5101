import { type DeviceId, ENTRANCES, type Pace } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { originList } from "./attempts.ts";
import type { Run } from "./scripts.ts";

/** What the user changes of a device, up to its end. */
export interface DeviceEdits {
  /** False when there is no such device. A pace replaces the one before. */
  editDevice(
    id: DeviceId,
    change: { readonly name?: string; readonly pace?: Pace },
  ): Promise<boolean>;
  /**
   * One step of a removal. From the first one on nothing is accepted, owned or sent; the rest ends its open messages: what has not left is
   * canceled, what may have left fails with OUTCOME_UNKNOWN. Letters stay. `absent`: there is nothing (more) to remove. `waits`: it has to
   * give back first what belongs to its pools (`returnPooled`).
   */
  removeDevice(id: DeviceId, now: number): Promise<"more" | "waits" | "done" | "absent">;
  /** Devices whose removal has begun and is not done. */
  removals(): Promise<readonly DeviceId[]>;
}

const PER_STEP = 200;

export function deviceEdits({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}): DeviceEdits {
  const origins = [ENTRANCES.canceled, ENTRANCES.failed].map(({ command }) => originList(command));
  return {
    async editDevice(id, { name = "", pace }) {
      return (
        (await run("edit-device", id, name, pace === undefined ? "" : JSON.stringify(pace))) === 1
      );
    },
    async removeDevice(id, now) {
      return (await run("delete-device", id, now, PER_STEP, ...origins)) as
        | "more"
        | "waits"
        | "done"
        | "absent";
    },
    async removals() {
      return (await redis.hkeys(keys.removals())) as DeviceId[];
    },
  };
}
