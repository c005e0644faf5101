import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../eventually.ts";
import type { Pombo } from "../pombo.ts";
import type { Dice } from "./dice.ts";
import type { Trouble } from "./plan.ts";
import { LEASE_MS, type Stage } from "./stage.ts";

/** What was really done. */
export interface Done {
  readonly kind: Trouble["kind"];
  /** ms since the epoch, as is until */
  readonly at: number;
  /** of a stop: when the process went on */
  readonly until?: number;
  readonly says: string;
}

const BEYOND_LEASE_MS = LEASE_MS + 3_000;

type Make<Kind extends Trouble["kind"]> = (
  trouble: Extract<Trouble, { kind: Kind }>,
  stage: Stage,
  dice: Dice,
) => Promise<{ readonly says: string; readonly until?: number }>;

/** Makes one trouble; a stop resolves when the process goes on again. */
export async function makeTrouble(trouble: Trouble, stage: Stage, dice: Dice): Promise<Done> {
  const at = Date.now();
  const make = MAKE[trouble.kind] as Make<Trouble["kind"]>;
  return { kind: trouble.kind, at, ...(await make(trouble, stage, dice)) };
}

const MAKE: { readonly [Kind in Trouble["kind"]]: Make<Kind> } = {
  kill: async (_trouble, stage, dice) => {
    const pid = await strike("SIGKILL", async () => {
      const { workers, apis } = await stage.victims();
      return dice.pick([...workers, ...apis]);
    });
    return { says: `pid ${pid}` };
  },
  "redis-kill": async (_trouble, { pombo }) => {
    const pid = await strike("SIGKILL", async () => (await pombo.living()).redis);
    return { says: `pid ${pid}` };
  },
  stop: async (_trouble, stage, dice) => {
    const pid = await strike("SIGSTOP", async () => dice.pick((await stage.victims()).workers));
    await pause(BEYOND_LEASE_MS);
    signal(pid, "SIGCONT");
    return { until: Date.now(), says: `worker ${pid}` };
  },
  drop: async (_trouble, { dropper }) => {
    dropper.drop();
    return { says: "replies to the worker and the API outside" };
  },
  cut: async ({ action }, { devices, pombo }, dice) => {
    const device = dice.pick(devices);
    await addFirst(pombo, { on: "message", action, match: { device: device?.phone } });
    return { says: `${action} ${device?.phone ?? ""}` };
  },
};

interface Fault {
  readonly on: string;
  readonly action: unknown;
  readonly match: unknown;
  readonly times?: number;
  readonly remaining?: number;
}

/** The oldest fault that fits is the one that happens: a new one must stand before the slowness that every message meets. */
async function addFirst(pombo: Pombo, fault: Fault): Promise<void> {
  const waiting = await pombo.control<readonly Fault[]>("GET", "/admin/faults");
  await pombo.control("DELETE", "/admin/faults");
  for (const { on, action, match, remaining } of [fault, ...waiting])
    // oxlint-disable-next-line no-await-in-loop -- their order is the point
    await pombo.fault(on, action, { match, times: remaining ?? 1 });
}

/** Every ack comes late, and the receipts after it, so that there is always an attempt under way that a trouble can hit. */
export async function slowDown(
  { pombo }: Stage,
  recipients: readonly string[],
  ackMs: number,
): Promise<void> {
  const delays = { delivered: ackMs + 50, read: 2 * ackMs };
  for (const recipient of recipients)
    // oxlint-disable-next-line no-await-in-loop -- the simulator is one process
    await pombo.control("POST", `/admin/phones/${recipient}/settings`, { delays });
  await pombo.fault("message", { delay_ms: ackMs }, { times: 1_000_000 });
}

/** Signals whoever is named, as soon as there is somebody; resolves with its pid. */
async function strike(
  name: NodeJS.Signals,
  victim: () => Promise<number | null | undefined>,
): Promise<number> {
  return await eventually(
    async () => signal(await victim(), name),
    (pid) => pid > 0,
  );
}

/** The pid, or 0 when nobody is there any more. */
function signal(pid: number | null | undefined, name: NodeJS.Signals): number {
  if (pid === undefined || pid === null) return 0;
  try {
    process.kill(pid, name);
    return pid;
  } catch {
    return 0;
  }
}
