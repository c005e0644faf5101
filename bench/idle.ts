import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type CellId, mintDeviceId } from "@pombo/domain";
import { metered } from "./meter.ts";
import { openPombo, type Pombo } from "./pombo.ts";
import type { Options } from "./options.ts";
import { against, rounded, table } from "./report.ts";
import type { Stage } from "./stage.ts";

const REGISTERED = 10_000;
const CONNECTED = 200;
const AT_ONCE = 100;
/** After the logins: what they leave to be done is done. */
const CALM_MS = 15_000;
const WATCHED_MS = 30_000;
const GOAL_PERCENT = 5;

/** What one worker costs while it owns very many devices and nothing is sent. */
export async function idle(
  stage: Stage,
  _options: Options,
  say: (line: string) => void,
): Promise<void> {
  await using pombo = await openPombo(stage, "c6" as CellId, {
    // Thousands at once: what is measured comes after.
    env: { POMBO_CLAIM_GROUP: "500" },
  });
  await pombo.startWorker();
  say(`idle: pairing ${CONNECTED} devices`);
  await pombo.pair(CONNECTED);
  say(`idle: registering ${REGISTERED - CONNECTED} more`);
  await register(pombo, REGISTERED - CONNECTED);
  say("idle: the worker takes them");
  await untilOwned(pombo);
  await pause(CALM_MS);
  say(`idle: watching for ${WATCHED_MS / 1_000} s`);
  const { worker } = pombo;
  const programs = { worker: worker(), simulator: stage.simulator };
  const cost = await metered({ redis: stage.redis, programs }, () => pause(WATCHED_MS));
  const percent = (ms: number): number => (ms / cost.wallMs) * 100;
  const { rss } = await worker().settledUsage();
  process.stdout.write(
    table(`idle: ${REGISTERED} registered devices on one worker, ${CONNECTED} of them connected`, [
      ["", "% of a core"],
      ["worker", against(percent(cost.cpuMs["worker"] ?? 0), { most: GOAL_PERCENT })],
      ["Redis", rounded(percent(cost.redisUs / 1_000))],
      ["simulator", rounded(percent(cost.cpuMs["simulator"] ?? 0))],
      ["worker, MB", rounded(rss / 1024 ** 2, 0)],
    ]),
  );
}

async function register({ ledger }: Pombo, count: number): Promise<void> {
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const id = mintDeviceId(randomBytes(8));
      // oxlint-disable-next-line no-await-in-loop -- each of the group takes the next
      await ledger.createDevice({ id, name: "bench", keyId: "key_bench", at: Date.now() });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}

/** The worker takes so many a sweep. */
async function untilOwned({ ledger }: Pombo): Promise<void> {
  const end = Date.now() + 10 * 60_000;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- polls
    const { unowned } = await ledger.viewFleet();
    if (unowned === 0) return;
    if (Date.now() > end) throw new Error(`${unowned} devices are still without an owner`);
    // oxlint-disable-next-line no-await-in-loop
    await pause(500);
  }
}
