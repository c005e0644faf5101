import { setTimeout as pause } from "node:timers/promises";
import type { CellId } from "@pombo/domain";
import { type CommandCost, commandCosts } from "./script-costs.ts";
import { redisBytes, redisCpuUs } from "./meter.ts";
import type { Options } from "./options.ts";
import { openPombo, type Pombo } from "./pombo.ts";
import { against, rounded, table } from "./report.ts";
import type { Round } from "./round.ts";
import type { Stage } from "./stage.ts";
import { median } from "./statistics.ts";

interface Life {
  readonly acceptUs: number;
  readonly dispatchUs: number;
  readonly waitingBytes: number;
  readonly settledBytes: number;
}

const DEVICES = 10;
/** More than a feed looks ahead, so that no message waits for an earlier one of its recipient. */
const CONTACTS = 25;
const GOAL_US = 170;
const SETTLE_MS = 1_500;
const SHOWN_COMMANDS = 16;

/** Redis alone: what a message costs it from the acceptance to the last receipt, and how many bytes it leaves. */
export async function life(
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<void> {
  await using pombo = await openPombo(stage, "c5" as CellId);
  await pombo.startWorker();
  say(`life: pairing ${DEVICES} devices`);
  await pombo.pair(DEVICES);
  const numbers = { first: stage.takeNumbers(DEVICES * CONTACTS), perDevice: CONTACTS };
  await pombo.round({ devices: DEVICES, perDevice: CONTACTS, numbers });
  const perDevice = Math.ceil(options.messages / 2);
  const lives: Life[] = [];
  const rounds = Math.min(2, options.rounds);
  for (let index = 0; index < rounds; index += 1) {
    say(`life: round ${index + 1} of ${rounds}`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    lives.push(await live(stage, pombo, { devices: DEVICES, perDevice, numbers }));
  }
  const idleUs = await idle(stage);
  process.stdout.write(lifeTable(lives, idleUs));
  const few = { devices: DEVICES, perDevice: 50, numbers };
  const costs = await commandCosts({ redis: stage.redis, keys: pombo.keys }, () =>
    live(stage, pombo, few),
  );
  process.stdout.write(commandTable(costs, few.devices * few.perDevice));
}

async function live({ redis }: Stage, pombo: Pombo, round: Round): Promise<Life> {
  const messages = round.devices * round.perDevice;
  await pombo.rest();
  await pause(SETTLE_MS);
  const bytes = await redisBytes(redis);
  const before = await redisCpuUs(redis);
  await pombo.accept(round);
  const accepted = await redisCpuUs(redis);
  const waiting = await redisBytes(redis);
  const from = await pombo.events.end();
  const grown = pombo.events.untilRead(from, messages, 4);
  await pombo.release();
  await grown;
  const settled = await redisCpuUs(redis);
  return {
    acceptUs: (accepted - before) / messages,
    dispatchUs: (settled - accepted) / messages,
    waitingBytes: (waiting - bytes) / messages,
    settledBytes: ((await redisBytes(redis)) - bytes) / messages,
  };
}

/** What the resting product costs in a second. */
async function idle({ redis }: Stage): Promise<number> {
  const before = await redisCpuUs(redis);
  await pause(3_000);
  return ((await redisCpuUs(redis)) - before) / 3;
}

function lifeTable(lives: readonly Life[], idleUs: number): string {
  const middle = (value: (life: Life) => number): number => median(lives.map(value));
  const whole = middle(({ acceptUs, dispatchUs }) => acceptUs + dispatchUs);
  return table(`life: Redis, ${DEVICES} devices, warm, texts of 100 characters`, [
    ["", "a message"],
    [
      "accept, CPU µs",
      rounded(
        middle(({ acceptUs }) => acceptUs),
        0,
      ),
    ],
    [
      "dispatch and receipts, CPU µs",
      rounded(
        middle(({ dispatchUs }) => dispatchUs),
        0,
      ),
    ],
    ["whole life, CPU µs", against(whole, { most: GOAL_US })],
    [
      "bytes, waiting",
      against(
        middle(({ waitingBytes }) => waitingBytes),
        { most: 1_200 },
      ),
    ],
    [
      "bytes, settled, with its events",
      rounded(
        middle(({ settledBytes }) => settledBytes),
        0,
      ),
    ],
    ["idle, CPU µs a second (not a message)", rounded(idleUs, 0)],
  ]);
}

function commandTable(costs: ReadonlyMap<string, CommandCost>, messages: number): string {
  const rows = [...costs]
    .toSorted(([, a], [, b]) => b.us - a.us)
    .slice(0, SHOWN_COMMANDS)
    .map(([name, { calls, us }]) => [
      name,
      rounded(calls / messages, 2),
      rounded(us / calls, 1),
      rounded(us / messages, 1),
    ]);
  return table(
    "life: Redis commands of a message, from acceptance to the last receipt (main thread)",
    [["", "calls a message", "µs a call", "µs a message"], ...rows],
  );
}
