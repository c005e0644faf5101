import { freePort } from "@pombo/redis-server";

import { type Child, startChild } from "./child.ts";
import { type Keeping, keepRunning, type Kept } from "./keep-running.ts";
import { choosePort } from "./port.ts";
import {
  apiSpec,
  notifierSpec,
  simulatorSpec,
  type Stage,
  text,
  whatsappEnvironment,
  workerSpec,
} from "./programs.ts";
import type { Progress } from "./progress.ts";
import type { RunningRedis } from "./redis.ts";

/** All processes of a run, in the order in which they start. They stop in the reverse one. */
export interface Cast {
  readonly redis: Kept<RunningRedis>;
  readonly simulator: Kept<Child> | undefined;
  readonly simulatorUrl: string | null;
  readonly controlUrl: string | null;
  readonly workers: readonly Kept<Child>[];
  readonly notifiers: readonly Kept<Child>[];
  readonly apis: readonly Kept<Child>[];
  readonly apiUrls: readonly string[];
}

/** How the processes are kept running. */
export interface Keeper {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly restartAfterMs: number | undefined;
  readonly onChange: () => void;
  /** what is opened here is closed by its owner, last first */
  readonly stack: AsyncDisposableStack;
}

export async function startCast(
  stage: Stage,
  redis: Kept<RunningRedis>,
  keeper: Keeper,
): Promise<Cast> {
  const simulator =
    stage.options.whatsapp.kind === "sandbox" ? await startSimulator(stage, keeper) : undefined;
  const said = simulator?.current()?.ready;
  const whatsapp = whatsappEnvironment(stage.options.whatsapp, said);
  const workers = await startGroup(stage.options.workers, "worker", keeper, async (index) =>
    childOf(`worker ${index + 1}`, (signal) =>
      startChild(workerSpec(stage, index, whatsapp), signal),
    ),
  );
  const notifiers = await startGroup(1, "notifier", keeper, async () =>
    childOf("notifier", (signal) => startChild(notifierSpec(stage), signal)),
  );
  const sandbox = said === undefined ? {} : { controlUrl: text(said, "control_url") };
  const first = await choosePort(stage.options.port, stage.config.host);
  const apis = await startGroup(stage.options.apis, "api", keeper, async (index) => {
    const port = index === 0 ? first : await freePort();
    return childOf(`api ${index + 1}`, (signal) =>
      startChild(apiSpec(stage, index, { port, ...sandbox }), signal),
    );
  });
  const apiUrls = apis.flatMap((api) => api.current()?.ready ?? []).map((it) => text(it, "url"));
  const simulatorUrl = said === undefined ? null : text(said, "simulator_url");
  const controlUrl = said === undefined ? null : text(said, "control_url");
  return { redis, simulator, simulatorUrl, controlUrl, workers, notifiers, apis, apiUrls };
}

/** Null while it is dead. */
export function pidsOf(kept: readonly Kept<Child>[]): number[] {
  return kept.flatMap((one) => one.current()?.pid ?? []);
}

/** Any free ports the first time, the same ones when it comes back: its clients keep their address. */
async function startSimulator(stage: Stage, keeper: Keeper): Promise<Kept<Child>> {
  const ports = {
    port: await freePort(),
    tlsPort: await freePort(),
    mediaPort: await freePort(),
  };
  const start = (signal: AbortSignal): Promise<Child> =>
    startChild(simulatorSpec(stage, ports), signal);
  const [simulator] = await startGroup(1, "simulator", keeper, async () =>
    childOf("simulator", start),
  );
  if (simulator === undefined) throw new Error("a group of one has one");
  return simulator;
}

type ChildToKeep = Pick<Keeping<Child>, "name" | "start">;

function childOf(name: string, start: ChildToKeep["start"]): ChildToKeep {
  return { name, start };
}

/** Starts some alike at once. They also stop at once, and those that did start stop when another of them did not. */
async function startGroup(
  count: number,
  ...[name, keeper, make]: [string, Keeper, (index: number) => Promise<ChildToKeep>]
): Promise<readonly Kept<Child>[]> {
  const { progress, restartAfterMs, onChange, signal } = keeper;
  const group: Kept<Child>[] = [];
  keeper.stack.defer(async () => {
    await Promise.all(group.map((one) => one[Symbol.asyncDispose]()));
  });
  const startOne = async (index: number): Promise<void> => {
    const child = await make(index);
    const keeping = { ...child, progress, restartAfterMs, onChange };
    group[index] = await keepRunning(keeping, signal);
  };
  const label = count === 1 ? name : `${count} × ${name}`;
  await progress.step(label, async () => {
    const starts = Array.from({ length: count }, (_, index) => startOne(index));
    const failed = (await Promise.allSettled(starts)).find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  });
  onChange();
  return group;
}
