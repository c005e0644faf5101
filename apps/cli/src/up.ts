import { once } from "node:events";
import { resolve } from "node:path";

import { type Cast, type Keeper, startCast } from "./cast.ts";
import type { UpConfig } from "./config.ts";
import { claimWhatsapp, type DataFolder, openDataFolder, readKeys } from "./data-folder.ts";
import { ensureAdminKey, type KeyPlace } from "./ensure-admin-key.ts";
import { openFamily } from "./family.ts";
import { keepRunning, type Kept } from "./keep-running.ts";
import { lockFolder } from "./lock-folder.ts";
import type { UpOptions } from "./options.ts";
import type { Programs } from "./programs.ts";
import type { Progress } from "./progress.ts";
import { openReadyFile } from "./ready-file.ts";
import { findRedis, redisLauncher, type RunningRedis } from "./redis.ts";
import { openRollCall } from "./roll-call.ts";
import { type Paired, pairSandbox } from "./sandbox.ts";
import { welcome } from "./welcome.ts";
import { writeAtomic } from "./write-atomic.ts";

export interface UpDeps {
  readonly config: UpConfig;
  readonly programs: Programs;
  readonly progress: Progress;
  /** asks for the end */
  readonly signal: AbortSignal;
  /** how long after its death a process is brought back */
  readonly restartAfterMs: number;
}

/**
 * The whole product on one machine, until the signal:
 *
 *   lock ─► redis ─► keys ─┬─► simulator ─► workers ─┬─► sandbox device ─► ready file
 *                          ├─► notifier ─────────────┤
 *                          └─► apis ─────────────────┘
 *
 * Stopped are first the apis, then the notifier, the workers, the simulator and Redis, also when a step fails.
 *
 * @throws CannotStart
 */
export async function up(options: UpOptions, deps: UpDeps): Promise<void> {
  const { config, progress, signal } = deps;
  await using stack = new AsyncDisposableStack();
  const folder = await openDataFolder(resolve(options.data));
  const lock = stack.use(await lockFolder(folder.path));
  await claimWhatsapp(folder, options.whatsapp.kind);
  const readyFile = await openReadyFile(options.readyFile);
  const family = await openFamily(folder.childrenFile);
  const rollCall = openRollCall(family, readyFile, (error) =>
    progress.say(`! Who runs now could not be written down: ${String(error)}`),
  );

  const restartAfterMs = options.restart ? deps.restartAfterMs : undefined;
  const keeper = { progress, signal, stack, restartAfterMs, onChange: () => rollCall.refresh() };
  const redis = await startRedis(config, folder.redis, keeper);
  const redisUrl = redis.current()?.url ?? "";
  await writeAtomic(folder.redisUrlFile, `${redisUrl}\n`);
  const keys = await readKeys(folder, config.cell);
  await admit({ url: redisUrl, cell: config.cell, adminKey: keys.adminKey }, progress);
  const stage = { ...deps, options, folder, keys, redisUrl, run: family.run };
  const cast = await startCast(stage, redis, keeper);
  await rollCall.gather(cast);

  const device = await pair(cast, { folder, apiKey: keys.adminKey, progress, signal });
  stack.use(readyFile);
  await rollCall.complete({ apiKey: keys.adminKey, redisUrl, device });
  const [apiUrl = ""] = cast.apiUrls;
  lock.tell(apiUrl);
  const { adminKeyFile, logs } = folder;
  progress.say(welcome({ apiUrl, adminKeyFile, device, controlUrl: cast.controlUrl, logs }));
  if (!signal.aborted) await once(signal, "abort");
}

async function startRedis(
  config: UpConfig,
  dir: string,
  keeper: Keeper,
): Promise<Kept<RunningRedis>> {
  const { progress, restartAfterMs, onChange, stack, signal } = keeper;
  return await progress.step("redis", async (tell) => {
    const launcher = await redisLauncher(await findRedis(config, tell), dir);
    const start = (until: AbortSignal): Promise<RunningRedis> => launcher.start(until, tell);
    const keeping = { name: "redis", start, progress, restartAfterMs, onChange };
    return stack.use(await keepRunning(keeping, signal));
  });
}

/** Makes the first key known, and says what this Redis lacks. */
async function admit(place: KeyPlace, progress: Progress): Promise<void> {
  for (const missing of await ensureAdminKey(place))
    progress.say(`! This Redis may lose what was accepted: ${missing}.`);
}

interface PairPlace {
  readonly folder: DataFolder;
  readonly apiKey: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Undefined without the simulator: nobody is there who could scan. */
async function pair(cast: Cast, place: PairPlace): Promise<Paired | undefined> {
  const { folder, progress, apiKey, signal } = place;
  const { controlUrl } = cast;
  const [apiUrl = ""] = cast.apiUrls;
  if (controlUrl === null) return undefined;
  const device = await progress.step("sandbox device", (tell) =>
    pairSandbox({ apiUrl, apiKey, controlUrl, file: folder.sandboxFile, signal, tell }),
  );
  if (device.late)
    progress.say("! The sandbox device is not connected yet: its messages wait until it is.");
  return device;
}
