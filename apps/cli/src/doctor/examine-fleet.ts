import type { Settings } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import type { Keys, Redis } from "@pombo/redis";
import { type Finding, problem, warning, well } from "./finding.ts";

export interface FleetFacts {
  readonly workers: number;
  readonly devices: number;
  /** Devices that no worker runs at this moment. */
  readonly unowned: number;
}

export function judgeFleet({ workers, devices, unowned }: FleetFacts): readonly Finding[] {
  if (workers === 0)
    return [
      problem(
        "workers: none is alive: what is accepted waits, and nothing is sent",
        "start one (npm start, or node apps/worker/src/main.ts), and look at its log when it ends",
      ),
    ];
  const found = [well(`workers: ${workers} alive, for ${devices} devices`)];
  if (unowned > 0)
    found.push(
      warning(
        `workers: ${unowned} of ${devices} devices are run by none of them at this moment`,
        "wait a moment; when it stays, look at the workers' logs, or start more",
      ),
    );
  return found;
}

export interface FleetPlace {
  readonly client: Redis;
  readonly keys: Keys;
  readonly settings: Settings;
}

/** Straight from Redis, for when there is no API to ask. */
export async function examineFleet({
  client,
  keys,
  settings,
}: FleetPlace): Promise<readonly Finding[]> {
  const ledger = openLedger({ redis: client, keys, settings });
  const { workers, devices, unowned } = await ledger.viewFleet();
  return judgeFleet({ workers: workers.length, devices, unowned });
}

/** Webhooks wait for a reader of the event log. */
export async function examineNotifier({
  client,
  keys,
}: Omit<FleetPlace, "settings">): Promise<readonly Finding[]> {
  const endpoints = await client.zcard(keys.endpoints());
  if (endpoints === 0) return [];
  if ((await client.exists(keys.reader())) === 1)
    return [well(`notifier: alive, for ${endpoints} webhooks`)];
  return [
    problem(
      `notifier: none is alive: ${endpoints} webhooks wait`,
      "start one (npm start, or node apps/notifier/src/main.ts)",
    ),
  ];
}
