import type { Candidate, DeviceId, LaneState, MessageId, Priority, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** What the lane looks like to a feed; whether the device is connected only its owner knows. */
export interface LaneView extends Omit<LaneState, "open"> {
  /** How often WhatsApp asked to slow down since the last message went through. */
  readonly throttles: number;
  /** How often the account was restricted. */
  readonly holds: number;
}

/** A message of the window: in hand or next. */
export interface WindowEntry {
  readonly messageId: MessageId;
  readonly feed: number;
  /** ms since the epoch */
  readonly fedAt: number;
}

export type Fed =
  | { readonly kind: "fed"; readonly feed: number }
  | { readonly kind: "aside" }
  | { readonly kind: "moved" }
  | { readonly kind: "fenced" };

/** The right to run a device: its epoch goes with every command. */
export interface Ownership {
  readonly deviceId: DeviceId;
  readonly epoch: number;
}

export interface FeedOrder {
  /** Absent: only set others aside. */
  readonly pick?: MessageId;
  readonly gated: readonly string[];
  readonly held: readonly string[];
  readonly now: number;
}

/** Backlog and window of one device, as its owner moves them. */
export interface Lanes {
  peek(deviceId: DeviceId, now: number): Promise<LaneView>;
  feed(own: Ownership, order: FeedOrder): Promise<Fed>;
  /** Lets the acceptance feed the lane itself; false when something waits. */
  openLane(own: Ownership, now: number): Promise<boolean>;
  closeLane(own: Ownership): Promise<boolean>;
  /** After a lease was taken: what the last owner left is put in order. */
  takeOver(
    own: Ownership,
    times: { readonly now: number; readonly due: number },
  ): Promise<{ readonly returned: number; readonly unknown: number } | undefined>;
  window(deviceId: DeviceId): Promise<readonly WindowEntry[]>;
  /** A message went through: the next throttle starts small again. */
  forgetThrottles(deviceId: DeviceId): Promise<void>;
  /** Brings due messages of the whole cell back to their backlogs; how many. */
  serveDue(now: number, limit: number): Promise<number>;
}

interface LaneDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function lanes({ redis, keys, run, settings }: LaneDeps): Lanes {
  return {
    async peek(deviceId, now) {
      return readLane(
        (await run("peek", deviceId, now, settings.feed_lookahead)) as string[],
        settings,
      );
    },
    async feed({ deviceId, epoch }, { pick, gated, held, now }) {
      const reply = (await run(
        "feed",
        deviceId,
        epoch,
        now,
        pick ?? "",
        gated.length,
        ...gated,
        ...held,
      )) as [Fed["kind"], number?];
      return reply[0] === "fed" ? { kind: "fed", feed: Number(reply[1]) } : { kind: reply[0] };
    },
    async openLane({ deviceId, epoch }, now) {
      return (await run("open-lane", deviceId, epoch, now)) === 1;
    },
    async closeLane({ deviceId, epoch }) {
      return (await run("close-lane", deviceId, epoch)) === 1;
    },
    async takeOver({ deviceId, epoch }, { now, due }) {
      const [returned = 0, unknown = 0] = (await run(
        "take-over",
        deviceId,
        epoch,
        now,
        due,
      )) as number[];
      return returned < 0 ? undefined : { returned, unknown };
    },
    async window(deviceId) {
      return Object.entries(await redis.hgetall(keys.window(deviceId))).map(readWindowEntry);
    },
    async forgetThrottles(deviceId) {
      await redis.hdel(keys.lane(deviceId), "throttles");
    },
    async serveDue(now, limit) {
      return Number(await run("serve-due", now, limit));
    },
  };
}

function readWindowEntry([id, value]: [string, string]): WindowEntry {
  const [feed, fedAt] = value.split("|");
  return { messageId: id as MessageId, feed: Number(feed), fedAt: Number(fedAt) };
}

const LANE_FIELDS = 6;
const CANDIDATE_FIELDS = 6;

function readLane(reply: readonly (string | number)[], settings: Settings): LaneView {
  const candidates: Candidate[] = [];
  for (let at = LANE_FIELDS; at < reply.length; at += CANDIDATE_FIELDS)
    candidates.push({
      id: String(reply[at]),
      priority: reply[at + 1] as Priority,
      seq: Number(reply[at + 2]),
      gated: Number(reply[at + 3]) === 1,
      warm: Number(reply[at + 4]) === 1,
    });
  return {
    windowUsed: Number(reply[0]),
    windowSize: settings.window_size,
    paceAt: Number(reply[1]),
    throttledUntil: Number(reply[2]),
    heldUntil: Number(reply[3]),
    throttles: Number(reply[4]),
    holds: Number(reply[5]),
    candidates,
  };
}
