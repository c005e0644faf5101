import { type Cast, pidsOf } from "./cast.ts";
import type { Family } from "./family.ts";
import type { Ready, ReadyFile } from "./ready-file.ts";
import type { SandboxDevice } from "./sandbox.ts";

/** Writes down who lives now: for the next run always, for other programs once everything runs. */
export interface RollCall {
  /** the processes have all been started */
  gather(cast: Cast): Promise<void>;
  /** everything runs: the ready file is written from now on */
  complete(facts: ReadyFacts): Promise<void>;
  /** somebody died or came back */
  refresh(): void;
}

interface ReadyFacts {
  readonly apiKey: string;
  readonly redisUrl: string;
  readonly device: SandboxDevice | undefined;
}

/** `onFailure`: what somebody's death or return changed could not be written; with the next change it is tried again. */
export function openRollCall(
  family: Family,
  readyFile: ReadyFile,
  onFailure: (error: unknown) => void,
): RollCall {
  let cast: Cast | undefined;
  let facts: ReadyFacts | undefined;
  const write = async (): Promise<void> => {
    if (cast === undefined) return;
    const { api, worker, notifier, simulator } = living(cast);
    await family.remember([
      ...api,
      ...worker,
      ...notifier,
      ...(simulator === null ? [] : [simulator]),
    ]);
    if (facts !== undefined) await readyFile.write(readyOf(cast, facts));
  };
  return {
    async gather(all) {
      cast = all;
      await write();
    },
    async complete(all) {
      facts = all;
      await write();
    },
    refresh: () => void write().catch(onFailure),
  };
}

function readyOf(cast: Cast, facts: ReadyFacts): Ready {
  return {
    api_url: cast.apiUrls[0] ?? "",
    api_urls: cast.apiUrls,
    api_key: facts.apiKey,
    device_id: facts.device?.device_id ?? null,
    phone: facts.device?.phone ?? null,
    simulator_url: cast.simulatorUrl,
    control_url: cast.controlUrl,
    redis_url: facts.redisUrl,
    pids: living(cast),
  };
}

function living(cast: Cast): Ready["pids"] {
  return {
    api: pidsOf(cast.apis),
    worker: pidsOf(cast.workers),
    notifier: pidsOf(cast.notifiers),
    redis: cast.redis.current()?.pid ?? null,
    simulator: cast.simulator?.current()?.pid ?? null,
  };
}
