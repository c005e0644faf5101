import type { Blocker, DeviceId, MessageId, MessageStatus, WaitFacts } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** Messages of a device that stand in the same place for the same reason. */
export interface StandingGroup {
  readonly status: MessageStatus;
  readonly place: WaitFacts["place"];
  /** Why they wait for a time. */
  readonly why?: Blocker;
  readonly sameGeneration: boolean;
  readonly count: number;
  /** The earliest time that one of them waits for, ms since the epoch. */
  readonly nextAt?: number;
  /** The one that is first in line. */
  readonly firstId: MessageId;
}

/** An entry of a device's history. */
export interface DeviceEntry {
  /** ms since the epoch */
  readonly at: number;
  /** `state`, `owner`, `lane.paused`, `lane.resumed`, `lane.blocked` or `lane.unblocked`. */
  readonly what: string;
  /** state: it, cause, code · owner: worker, epoch · paused and resumed: the API key */
  readonly details: readonly string[];
}

/** What stands behind a lane's numbers. */
export interface LaneWaits {
  /** Where its unsettled messages stand; `complete`: all that are kept were looked at. */
  surveyWaits(
    deviceId: DeviceId,
  ): Promise<{ readonly groups: readonly StandingGroup[]; readonly complete: boolean }>;
  /** What became of a device, the latest first, at most a hundred. */
  deviceHistory(deviceId: DeviceId): Promise<readonly DeviceEntry[]>;
}

/** Messages of one script: about a millisecond of Redis' time. */
const PAGE = 500;
const MOST = 10_000;

export function laneWaits(redis: Redis, keys: Keys, run: Run): LaneWaits {
  return {
    async surveyWaits(deviceId) {
      const generation = (await redis.hget(keys.device(deviceId), "gen")) ?? "";
      const found = new Map<string, StandingGroup>();
      let from = "+inf";
      for (let looked = 0; looked < MOST && from !== ""; looked += PAGE) {
        // oxlint-disable-next-line no-await-in-loop -- page after page, so that others get their turn
        const reply = await run("survey-waits", deviceId, generation, from, PAGE);
        const [next, ...groups] = reply as [string, ...Standing[]];
        for (const group of groups) join(found, group);
        from = next;
      }
      return { groups: [...found.values()], complete: from === "" };
    },
    async deviceHistory(deviceId) {
      const entries = await redis.lrange(keys.history(deviceId), 0, -1);
      return entries.map((entry) => {
        const [at, what = "", ...details] = entry.split("|");
        return { at: Number(at), what, details };
      });
    },
  };
}

type Standing = readonly [
  status: string,
  place: string,
  why: string,
  same: string,
  count: number,
  nextAt: number,
  firstId: string,
];

/** Later pages are of earlier messages: theirs is the first in line, unless another waits less long. */
function join(found: Map<string, StandingGroup>, group: Standing): void {
  const [status, place, why, same, count, nextAt, firstId] = group;
  const name = [status, place, why, same].join("|");
  const before = found.get(name);
  const isFirst = before?.nextAt === undefined || nextAt <= before.nextAt;
  const next = isFirst ? nextAt : before.nextAt;
  found.set(name, {
    status: status as MessageStatus,
    place: place as StandingGroup["place"],
    ...(why === "" ? {} : { why: why as Blocker }),
    sameGeneration: same === "1",
    count: (before?.count ?? 0) + count,
    ...(next > 0 ? { nextAt: next } : {}),
    firstId: isFirst ? (firstId as MessageId) : before.firstId,
  });
}
