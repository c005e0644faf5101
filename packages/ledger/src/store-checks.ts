import type { Settings } from "@pombo/domain";
import { clockApart, type Redis } from "@pombo/redis";
import type { Ledger } from "./ledger.ts";

interface StoreCheck {
  readonly away: string;
  readonly look: () => Promise<string | undefined>;
}

export interface StoreCheckDeps {
  readonly redis: Redis;
  readonly ledger: Pick<Ledger, "loadScripts" | "viewFleet">;
  readonly settings: Pick<Settings, "clock_apart_ms">;
}

/** What a process needs of Redis before it can work: an answer, our scripts, and the same time. */
export function storeChecks({
  redis,
  ledger,
  settings,
}: StoreCheckDeps): Readonly<Record<"redis" | "scripts" | "clock", StoreCheck>> {
  return {
    redis: {
      away: "Redis can't be reached",
      async look() {
        await redis.ping();
        return undefined;
      },
    },
    scripts: {
      away: "Redis does not run our scripts",
      async look() {
        await ledger.loadScripts();
        await ledger.viewFleet();
        return undefined;
      },
    },
    clock: {
      away: "Redis does not tell its time",
      async look() {
        const apart = Math.abs(await clockApart(redis));
        if (apart <= settings.clock_apart_ms) return undefined;
        return `The clocks of Redis and of this machine are ${(apart / 1_000).toFixed(1)} s apart`;
      },
    },
  };
}
