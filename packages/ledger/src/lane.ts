import {
  type BatchId,
  budgetOf,
  type Candidate,
  type DeviceId,
  ENTRANCES,
  type LaneState,
  type Later,
  type MessageId,
  nextPaceAt,
  type Pace,
  type Priority,
  type QuietHours,
  quietUntil,
  type ResolvedPace,
  resolvePace,
  type Settings,
  timezoneOf,
} from "@pombo/domain";
import type { Keys, Redis, ScriptArgument } from "@pombo/redis";
import { originList } from "./attempts.ts";
import type { Run } from "./scripts.ts";

/** What the lane looks like to a feed; whether the device is connected only its owner knows. */
export interface LaneView extends Omit<LaneState, "open"> {
  /** Batches whose turn it is to give rows, one for each class whose backlog is short; the most urgent class first. */
  readonly draws: readonly DrawHint[];
  readonly pace: ResolvedPace;
  /** The user's caps, jitter or recipient gaps apply: only the owner may feed. */
  readonly slowOnly: boolean;
  /** How often WhatsApp asked to slow down since the last message went through. */
  readonly throttles: number;
  /** How often the account was restricted. */
  readonly holds: number;
}

/** A batch that can give rows to a lane. */
export interface DrawHint {
  readonly priority: Priority;
  readonly batchId: BatchId;
  /** The first row that was not drawn. */
  readonly row: number;
  /** Grows when rows are rewritten. */
  readonly edition: number;
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
  readonly pick?: {
    readonly id: MessageId;
    readonly cold: boolean;
    readonly probe: boolean;
    readonly owed: boolean;
    readonly passedOver: number;
  };
  readonly gated: readonly string[];
  readonly held: readonly string[];
  readonly later: readonly Later[];
  readonly now: number;
  readonly pace: ResolvedPace;
  /** 0 ≤ jitter < 1 */
  readonly jitter: number;
}

/** Backlog and window of one device, as its owner moves them. */
export interface Lanes {
  /** `ahead`: candidates of each class; absent: as many as `feed_lookahead` says. */
  peek(deviceId: DeviceId, now: number, ahead?: number): Promise<LaneView>;
  feed(own: Ownership, order: FeedOrder): Promise<Fed>;
  /** Lets the acceptance feed the lane itself; false when something waits. */
  openLane(own: Ownership, now: number, pace: ResolvedPace): Promise<boolean>;
  closeLane(own: Ownership): Promise<boolean>;
  /** After a lease was taken: what the last owner left is put in order. */
  takeOver(
    own: Ownership,
    times: { readonly now: number; readonly due: number },
  ): Promise<TakenOver | undefined>;
  /** Which of these have anything to do: what a sweep must not miss. */
  lookAt(deviceIds: readonly DeviceId[]): Promise<readonly DeviceId[]>;
  window(deviceId: DeviceId): Promise<readonly WindowEntry[]>;
  /** A message went through: the next throttle starts small again. */
  forgetThrottles(deviceId: DeviceId): Promise<void>;
  /** Brings due messages of the whole cell back to their backlogs, and ends what has expired; how many. */
  serveDue(now: number, limit: number): Promise<number>;
  /** As the user; false when it was so already. */
  pauseLane(deviceId: DeviceId, paused: boolean, by: LaneSwitch): Promise<boolean>;
}

/** Who pauses or resumes, and when. */
interface LaneSwitch {
  readonly now: number;
  readonly keyId?: string;
}

export interface TakenOver {
  readonly returned: number;
  readonly unknown: number;
  readonly poisoned: number;
}

interface LaneDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function lanes({ redis, keys, run, settings }: LaneDeps): Lanes {
  return {
    async peek(deviceId, now, ahead = settings.feed_lookahead) {
      const reply = (await run("peek", deviceId, now, ahead)) as string[];
      return readLane(reply, now, settings);
    },
    async feed(own, order) {
      const reply = (await run("feed", ...feedArguments(own, order))) as [Fed["kind"], number?];
      return reply[0] === "fed" ? { kind: "fed", feed: Number(reply[1]) } : { kind: reply[0] };
    },
    async openLane({ deviceId, epoch }, now, pace) {
      return (await run("open-lane", deviceId, epoch, now, Math.ceil(pace.gapMs))) === 1;
    },
    async closeLane({ deviceId, epoch }) {
      return (await run("close-lane", deviceId, epoch)) === 1;
    },
    async takeOver({ deviceId, epoch }, { now, due }) {
      const reply = (await run("take-over", deviceId, epoch, now, due)) as number[];
      const [returned = 0, unknown = 0, poisoned = 0] = reply;
      return returned < 0 ? undefined : { returned, unknown, poisoned };
    },
    async lookAt(deviceIds) {
      return deviceIds.length === 0 ? [] : ((await run("look-at", ...deviceIds)) as DeviceId[]);
    },
    async window(deviceId) {
      return Object.entries(await redis.hgetall(keys.window(deviceId))).map(readWindowEntry);
    },
    async forgetThrottles(deviceId) {
      await redis.hdel(keys.lane(deviceId), "throttles");
    },
    async serveDue(now, limit) {
      const { queued, expired, failed } = ENTRANCES;
      const origins = [queued, expired, failed].map(({ command }) => originList(command));
      return Number(await run("serve-due", now, limit, ...origins));
    },
    async pauseLane(deviceId, paused, { now, keyId = "" }) {
      return (await run("pause-lane", deviceId, paused ? "1" : "", now, keyId)) === 1;
    },
  };
}

function feedArguments({ deviceId, epoch }: Ownership, order: FeedOrder): ScriptArgument[] {
  const { pick, now, pace } = order;
  return [
    deviceId,
    epoch,
    now,
    pick?.id ?? "",
    nextPaceAt(now, pace, order.jitter),
    pick?.cold === true ? 1 : 0,
    pick?.probe === true ? 1 : 0,
    pick?.passedOver ?? 0,
    Math.floor(now / DAY_MS),
    Math.ceil(pace.gapMs),
    pace.recipientGapMs,
    pick?.owed === true ? 1 : 0,
    order.gated.length,
    order.held.length,
    ...order.gated,
    ...order.held,
    ...order.later.flatMap(({ id, at, why }) => [id, at, why]),
  ];
}

const DAY_MS = 86_400_000;

function readWindowEntry([id, value]: [string, string]): WindowEntry {
  const [feed, fedAt] = value.split("|");
  return { messageId: id as MessageId, feed: Number(feed), fedAt: Number(fedAt) };
}

const LANE_FIELDS = 15;
const CANDIDATE_FIELDS = 8;

type Reply = readonly (string | number)[];

function readLane(reply: Reply, now: number, settings: Settings): LaneView {
  const number = (at: number): number => Number(reply[at]);
  const asked = reply[12] === "" ? {} : (JSON.parse(String(reply[12])) as Pace);
  const pace = resolvePace(asked, settings, { now, pairedAt: number(13) });
  const candidates: Candidate[] = [];
  for (let at = LANE_FIELDS; at < reply.length; at += CANDIDATE_FIELDS)
    candidates.push(readCandidate(reply.slice(at, at + CANDIDATE_FIELDS), now, pace));
  const count = { day: number(8), sent: number(9), cold: number(10) };
  return {
    windowUsed: number(0),
    // Where a pace is set the next one is picked only then: a slow answer would bring two close together.
    windowSize: pace.gapMs + pace.jitterMs > 0 ? 1 : settings.window_size,
    paceAt: number(1),
    throttledUntil: number(2),
    throttles: number(3),
    ...(reply[4] === "" ? {} : { hold: { until: number(4), probing: number(6) === 1 } }),
    holds: number(5),
    paused: number(7) === 1,
    budget: budgetOf(now, pace, count),
    passedOver: number(11),
    draws: readDraws(String(reply[14])),
    pace,
    slowOnly:
      pace.jitterMs + pace.recipientGapMs > 0 ||
      Math.min(pace.dailyCap, pace.coldDailyCap) < Number.MAX_SAFE_INTEGER,
    candidates,
  };
}

/** `<class> <batch> <row> <edition>`, with commas between them. */
function readDraws(text: string): readonly DrawHint[] {
  if (text === "") return [];
  return text.split(",").map((hint) => {
    const [priority, batchId, row, edition] = hint.split(" ");
    return {
      priority: priority as Priority,
      batchId: batchId as BatchId,
      row: Number(row),
      edition: Number(edition),
    };
  });
}

function readCandidate(reply: Reply, now: number, pace: ResolvedPace): Candidate {
  const [id, priority, seq, gated, warm, recipient, quiet, spoken] = reply;
  return {
    id: String(id),
    priority: priority as Priority,
    recipient: String(recipient),
    seq: Number(seq),
    gated: Number(gated) === 1,
    warm: Number(warm) === 1,
    quietUntil: quiet === "" ? 0 : sleepEnd(now, String(quiet), String(recipient)),
    recipientFreeAt: Number(spoken) === 0 ? 0 : Number(spoken) + pace.recipientGapMs,
  };
}

function sleepEnd(now: number, quiet: string, recipient: string): number {
  const hours = JSON.parse(quiet) as QuietHours;
  return quietUntil(now, hours, hours.timezone ?? timezoneOf(recipient));
}
