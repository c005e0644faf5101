import type { Keys, Redis, ScriptArgument } from "@pombo/redis";
import type { Ownership } from "./lane.ts";
import type { Run } from "./scripts.ts";

/** Sealed credentials of one device; this package sees only names and opaque bytes. */
export interface CredentialStore {
  load(): Promise<ReadonlyMap<string, Buffer>>;
  /** All or nothing; `stale`: another worker owns the device now. */
  write(changes: {
    readonly set: ReadonlyMap<string, Buffer>;
    readonly remove: readonly string[];
  }): Promise<"written" | "stale">;
  erase(): Promise<"written" | "stale">;
}

export function credentialStore(
  deps: { readonly redis: Redis; readonly keys: Keys; readonly run: Run },
  { deviceId, epoch }: Ownership,
): CredentialStore {
  return {
    async load() {
      const hash = await deps.redis.hgetallBuffer(deps.keys.credentials(deviceId));
      return new Map(Object.entries(hash));
    },
    async write({ set, remove }) {
      const values: ScriptArgument[] = [...set].flat();
      const reply = await deps.run(
        "write-credentials",
        deviceId,
        epoch,
        set.size,
        ...values,
        ...remove,
      );
      return reply === 1 ? "written" : "stale";
    },
    async erase() {
      return (await deps.run("erase-credentials", deviceId, epoch)) === 1 ? "written" : "stale";
    },
  };
}
