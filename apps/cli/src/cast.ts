import { freePort } from "@pombo/redis-server";

import { type Child, type ChildSpec, type ReadyMessage, startChild } from "./child.ts";
import { keepRunning, type Kept } from "./keep-running.ts";
import { choosePort } from "./port.ts";
import {
  apiSpec,
  controlUrlOf,
  notifierSpec,
  type SimulatorPorts,
  simulatorSpec,
  type Stage,
  text,
  whatsappEnvironment,
  workerSpec,
} from "./programs.ts";
import type { Progress } from "./progress.ts";
import type { RunningRedis } from "./redis.ts";

/** All processes of a run. They stop one kind after the other, the last one here first. */
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

/**
 * All at once, except for the workers, who have to know the root key of the simulator. What starts beside a failure is waited for, so
 * that it can be stopped.
 */
export async function startCast(
  stage: Stage,
  redis: Kept<RunningRedis>,
  keeper: Keeper,
): Promise<Cast> {
  const { whatsapp, port, workers, apis } = stage.options;
  const ports = whatsapp.kind === "sandbox" ? await chooseSimulatorPorts() : undefined;
  const firstPort = await choosePort(port, stage.config.host);
  const groups = {
    simulators: openGroup(ports === undefined ? 0 : 1, "simulator", keeper),
    workers: openGroup(workers, "worker", keeper),
    notifiers: openGroup(1, "notifier", keeper),
    apis: openGroup(apis, "api", keeper),
  };
  const simulatorAndWorkers = async (): Promise<ReadyMessage | undefined> => {
    if (ports !== undefined) await groups.simulators.start(async () => simulatorSpec(stage, ports));
    const said = groups.simulators.kept[0]?.current()?.ready;
    const environment = whatsappEnvironment(whatsapp, said);
    await groups.workers.start(async (index) => workerSpec(stage, index, environment));
    return said;
  };
  const sandbox = ports === undefined ? {} : { controlUrl: controlUrlOf(ports) };
  const speaking = simulatorAndWorkers();
  await allOrFirstFailure([
    speaking,
    groups.notifiers.start(async () => notifierSpec(stage)),
    groups.apis.start(async (index) =>
      apiSpec(stage, index, { port: index === 0 ? firstPort : await freePort(), ...sandbox }),
    ),
  ]);
  const said = await speaking;
  return {
    redis,
    simulator: groups.simulators.kept[0],
    simulatorUrl: said === undefined ? null : text(said, "simulator_url"),
    controlUrl: said === undefined ? null : text(said, "control_url"),
    workers: groups.workers.kept,
    notifiers: groups.notifiers.kept,
    apis: groups.apis.kept,
    apiUrls: groups.apis.kept
      .flatMap((api) => api.current()?.ready ?? [])
      .map((it) => text(it, "url")),
  };
}

/** Null while it is dead. */
export function pidsOf(kept: readonly Kept<Child>[]): number[] {
  return kept.flatMap((one) => one.current()?.pid ?? []);
}

/** Any free ports the first time, the same ones when it comes back: its clients keep their address. */
async function chooseSimulatorPorts(): Promise<SimulatorPorts> {
  return { port: await freePort(), tlsPort: await freePort(), mediaPort: await freePort() };
}

/** Some alike. */
interface Group {
  /** by index, once they have started */
  readonly kept: readonly Kept<Child>[];
  start(specOf: (index: number) => Promise<ChildSpec>): Promise<void>;
}

/** They start at once and stop at once, and those that did start stop when another of them did not. */
function openGroup(count: number, ...[name, keeper]: [string, Keeper]): Group {
  const { progress, restartAfterMs, onChange, signal } = keeper;
  const kept: Kept<Child>[] = [];
  keeper.stack.defer(async () => {
    await Promise.all(kept.map((one) => one[Symbol.asyncDispose]()));
  });
  return {
    kept,
    async start(specOf) {
      const startOne = async (index: number): Promise<void> => {
        const spec = await specOf(index);
        const start = (until: AbortSignal): Promise<Child> => startChild(spec, until);
        const keeping = { name: spec.name, start, progress, restartAfterMs, onChange };
        kept[index] = await keepRunning(keeping, signal);
      };
      const label = count === 1 ? name : `${count} × ${name}`;
      const indexes = Array.from({ length: count }, (_, index) => index);
      await progress.step(label, () => allOrFirstFailure(indexes.map(startOne)));
      onChange();
    },
  };
}

/** Waits for every one, also where one of them fails. */
async function allOrFirstFailure(works: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(works);
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
