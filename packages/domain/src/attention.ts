import type { ErrorCode } from "./catalog.ts";
import { type Blocker, type DeviceState, isOnline } from "./device-state.ts";

/** What needs somebody, the most urgent first. */
export const ATTENTION_KINDS = [
  "unexplained_stall",
  "no_worker",
  "redis",
  "blocked_account",
  "hold",
  "dead_letters_rising",
  "webhook_failing",
  "offline_with_backlog",
] as const;

type AttentionKind = (typeof ATTENTION_KINDS)[number];

/** Times are ms since the epoch. `size`: messages that wait, letters, deliveries, devices, or percent, as the kind has it. */
export interface AttentionItem {
  readonly kind: AttentionKind;
  readonly size: number;
  readonly since?: number;
  /** When it ends by itself. */
  readonly until?: number;
  readonly deviceId?: string;
  readonly webhookId?: string;
  readonly code?: ErrorCode;
}

/** A device and what waits on it. */
export interface LaneCondition {
  readonly deviceId: string;
  readonly state: DeviceState;
  readonly stateAt: number;
  /** A worker holds the lease. */
  readonly owned: boolean;
  /** Since when nobody does; 0 when nobody ever did. */
  readonly leftAt: number;
  /** In the backlog, in hand or next. */
  readonly waiting: number;
  /** Cold messages set aside while the account is restricted. */
  readonly held: number;
  readonly heldUntil: number;
  /** What stops the whole lane. */
  readonly blockedBy?: Blocker;
  /** The oldest that waits was accepted then. */
  readonly oldestAt?: number;
  /** The last time that a message was picked. */
  readonly fedAt: number;
  /** Between two messages: the pace, or what was measured; 0 when nobody can say. */
  readonly gapMs: number;
}

export interface AttentionFacts {
  readonly now: number;
  readonly lanes: readonly LaneCondition[];
  readonly workers: number;
  /** How long a healthy lane may move nothing. */
  readonly stallMs: number;
  /** How long a device may be between two workers. */
  readonly handoverMs: number;
  readonly redis: {
    readonly usedPercent: number;
    /** From here on nothing is accepted. */
    readonly intakePercent: number;
    readonly writable: boolean;
  };
  readonly deadLetters: number;
  readonly failures: readonly RecentFailures[];
  readonly webhooks: readonly WebhookCondition[];
}

/** Failures with one code: in all that is looked at, in its last part, and in as long a part before. */
export interface RecentFailures {
  readonly code: ErrorCode;
  readonly count: number;
  readonly since: number;
  readonly lately: number;
  readonly before: number;
}

export interface WebhookCondition {
  readonly id: string;
  /** Left alone after failures, or no longer served though nobody asked for that. */
  readonly failing: boolean;
  readonly since?: number;
  /** When it is tried again. */
  readonly until?: number;
  /** Deliveries that wait or were given up. */
  readonly size: number;
}

/** What needs somebody: by kind, then the largest first. */
export function attentionOf(facts: AttentionFacts): readonly AttentionItem[] {
  const items = [
    ...facts.lanes.flatMap((lane) => laneAttention(lane, facts) ?? []),
    ...workerTrouble(facts),
    ...redisTrouble(facts.redis),
    ...letterTrouble(facts),
    ...facts.webhooks.filter(({ failing }) => failing).map(webhookTrouble),
  ];
  const rank = ({ kind }: AttentionItem): number => ATTENTION_KINDS.indexOf(kind);
  return items.toSorted((a, b) => rank(a) - rank(b) || b.size - a.size);
}

/** Why the device needs somebody, if it does. */
export function laneAttention(
  lane: LaneCondition,
  facts: Pick<AttentionFacts, "now" | "stallMs">,
): AttentionItem | undefined {
  const { deviceId, state, stateAt: since, waiting, held } = lane;
  const size = waiting + held;
  if (state === "blocked") return { kind: "blocked_account", deviceId, size, since };
  if (isStalled(lane, facts)) {
    const from = Math.max(lane.fedAt, lane.oldestAt ?? 0, since);
    return { kind: "unexplained_stall", deviceId, size: waiting, since: from };
  }
  if (held > 0 && lane.heldUntil > 0)
    return { kind: "hold", deviceId, size: held, until: lane.heldUntil };
  return size > 0 && isAway(lane, facts)
    ? { kind: "offline_with_backlog", deviceId, size, since }
    : undefined;
}

/** Not connected; a change of connections takes a moment, one that never comes about is none. */
function isAway(
  { state, stateAt }: LaneCondition,
  { now, stallMs }: Pick<AttentionFacts, "now" | "stallMs">,
): boolean {
  if (state === "connecting") return now - stateAt >= stallMs;
  return !isOnline(state);
}

/** Messages could go, nothing stops them, and none went for two turns of the lane. */
function isStalled(
  lane: LaneCondition,
  { now, stallMs }: Pick<AttentionFacts, "now" | "stallMs">,
): boolean {
  const { state, owned, blockedBy, waiting, fedAt, oldestAt = 0, stateAt, gapMs } = lane;
  if (!isOnline(state) || !owned || blockedBy !== undefined || waiting === 0) return false;
  return now - Math.max(fedAt, oldestAt, stateAt) >= Math.max(stallMs, 2 * gapMs);
}

/** Devices that nobody runs, when that lasts longer than a change of hands. */
function workerTrouble({
  lanes,
  workers,
  now,
  handoverMs,
}: AttentionFacts): readonly AttentionItem[] {
  const left = lanes
    .filter(({ owned }) => !owned)
    .map(({ leftAt, stateAt }) => (leftAt === 0 ? stateAt : leftAt))
    .filter((since) => workers === 0 || now - since >= handoverMs);
  if (left.length === 0) return [];
  const since = left.reduce((first, at) => Math.min(first, at), now);
  return [{ kind: "no_worker", size: left.length, since }];
}

/** Shown before the memory guard closes the intake. */
const GUARD_NEAR_PERCENT = 10;

function redisTrouble(redis: AttentionFacts["redis"]): readonly AttentionItem[] {
  const full = redis.usedPercent >= redis.intakePercent - GUARD_NEAR_PERCENT;
  if (!full && redis.writable) return [];
  return [{ kind: "redis", size: Math.round(redis.usedPercent) }];
}

function letterTrouble({ failures, deadLetters }: AttentionFacts): readonly AttentionItem[] {
  if (deadLetters === 0) return [];
  return failures
    .filter(({ lately, before }) => lately > before)
    .map(({ code, count, since }) => ({ kind: "dead_letters_rising", code, size: count, since }));
}

function webhookTrouble({ id, since, until, size }: WebhookCondition): AttentionItem {
  return {
    kind: "webhook_failing",
    webhookId: id,
    size,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}
