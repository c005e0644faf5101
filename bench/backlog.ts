import { setTimeout as pause } from "node:timers/promises";
import type { CellId } from "@pombo/domain";
import { redisBytes, redisCpuUs } from "./meter.ts";
import type { Numbers } from "./numbers.ts";
import type { Options } from "./options.ts";
import { openPombo, type Pombo } from "./pombo.ts";
import { against, rounded, table } from "./report.ts";
import type { Stage } from "./stage.ts";
import { median } from "./statistics.ts";

interface Size {
  readonly waiting: number;
  readonly acceptUs: number;
  readonly dispatchUs: number;
  readonly bytes: number;
}

const CONTACTS = 25;
const ACCEPTS = 2_000;
const DISPATCHES = 300;
const ROUNDS = 2;
const SETTLE_MS = 1_000;

/** One device with very many waiting messages: a further accept, and a further dispatch, must cost what they always cost. */
export async function backlog(
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<void> {
  const { redis } = stage;
  await using pombo = await openPombo(stage, "c4" as CellId);
  await pombo.startWorker();
  await pombo.pair(1);
  const numbers = { first: stage.takeNumbers(CONTACTS), perDevice: CONTACTS };
  await pombo.round({ devices: 1, perDevice: 2 * CONTACTS, numbers });
  await pombo.rest();
  const sizes: Size[] = [];
  let waiting = 0;
  for (const goal of options.waiting.toSorted((a, b) => a - b)) {
    say(`backlog: filling to ${goal}`);
    const before = await redisBytes(redis);
    const added = goal - waiting;
    await pombo.accept({ devices: 1, perDevice: added, numbers });
    const bytes = ((await redisBytes(redis)) - before) / added;
    waiting = goal;
    const accepts: number[] = [];
    const dispatches: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      say(`backlog: ${goal} waiting, round ${round + 1} of ${ROUNDS}`);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      accepts.push(await acceptCost(stage, pombo, numbers));
      // oxlint-disable-next-line no-await-in-loop
      const dispatched = await dispatchCost(stage, pombo);
      dispatches.push(dispatched.us);
      waiting += ACCEPTS - dispatched.messages;
    }
    sizes.push({
      waiting: goal,
      acceptUs: median(accepts),
      dispatchUs: median(dispatches),
      bytes,
    });
  }
  process.stdout.write(backlogTable(sizes));
}

async function acceptCost({ redis }: Stage, pombo: Pombo, numbers: Numbers): Promise<number> {
  await pause(SETTLE_MS);
  const before = await redisCpuUs(redis);
  await pombo.accept({ devices: 1, perDevice: ACCEPTS, numbers });
  return ((await redisCpuUs(redis)) - before) / ACCEPTS;
}

/** Lets the lane go for a while. */
async function dispatchCost(
  { redis }: Stage,
  pombo: Pombo,
): Promise<{ readonly us: number; readonly messages: number }> {
  await pause(SETTLE_MS);
  const from = await pombo.events.end();
  const before = await redisCpuUs(redis);
  const grown = pombo.events.untilRead(from, DISPATCHES, 4);
  await pombo.release();
  await grown;
  await pombo.rest();
  await pause(SETTLE_MS);
  const used = (await redisCpuUs(redis)) - before;
  const messages = (await pombo.events.since(from)).provedAt.size;
  return { us: used / messages, messages };
}

function backlogTable(sizes: readonly Size[]): string {
  const [first] = sizes;
  const rows = sizes.map((size) => [
    String(size.waiting),
    rounded(size.acceptUs, 0),
    beside(size.acceptUs, first?.acceptUs),
    rounded(size.dispatchUs, 0),
    beside(size.dispatchUs, first?.dispatchUs),
    against(size.bytes, { most: 1_200 }),
  ]);
  return table("backlog: one device; Redis CPU µs and bytes a message", [
    [
      "waiting",
      "accept",
      "beside the smallest",
      "dispatch",
      "beside the smallest",
      "bytes, waiting",
    ],
    ...rows,
  ]);
}

function beside(value: number, base: number | undefined): string {
  return base === value ? "1" : against(value / (base ?? value), { most: 1.3 });
}
