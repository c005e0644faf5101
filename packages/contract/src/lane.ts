import { BLOCKERS, GATES, PRIORITIES } from "@pombo/domain";
import { z } from "zod";

const HOUR_MS = 3_600_000;
const MOST_A_DAY = 1_000_000;
const WARM_UP_RULE = `pace.warm_up must be a list of at most 90 whole numbers between 1 and ${MOST_A_DAY}`;

function bounded(name: string, min: number, max: number) {
  const rule = `pace.${name} must be a whole number between ${min} and ${max}`;
  return z.int({ error: rule }).min(min, { error: rule }).max(max, { error: rule }).optional();
}

const paceFields = {
  per_minute: bounded("per_minute", 1, 6_000).meta({ description: "Messages a minute at most." }),
  gap_ms: bounded("gap_ms", 0, HOUR_MS).meta({
    description: "Shortest time between two messages.",
  }),
  jitter_ms: bounded("jitter_ms", 0, HOUR_MS).meta({
    description: "Up to so much is added to each gap, at random.",
  }),
  recipient_gap_ms: bounded("recipient_gap_ms", 0, 24 * HOUR_MS).meta({
    description: "Shortest time between two messages to the same recipient.",
  }),
  daily_cap: bounded("daily_cap", 0, MOST_A_DAY).meta({
    description: "Messages a day (UTC); 0: no cap.",
  }),
  cold_daily_cap: bounded("cold_daily_cap", 0, MOST_A_DAY).meta({
    description: "Of these, to recipients without a living conversation; 0: no cap.",
  }),
  warm_up: z
    .array(
      z
        .int({ error: WARM_UP_RULE })
        .min(1, { error: WARM_UP_RULE })
        .max(MOST_A_DAY, { error: WARM_UP_RULE }),
      { error: WARM_UP_RULE },
    )
    .max(90, { error: WARM_UP_RULE })
    .optional()
    .meta({
      description: "Daily caps of the first days after the pairing.",
      example: [20, 40, 80],
    }),
};

/** How fast a device may send, as its user sets it. Whatever is absent is as the installation has it. */
export const pace = z
  .strictObject(paceFields, {
    error: (issue) => (issue.code === "invalid_type" ? "pace must be an object" : undefined),
  })
  .meta({ id: "Pace" });

const instant = z.iso.datetime().nullable();
const count = z.int();

/** One lane, as `GET /v1/devices/:id/lane` shows it. */
export const lane = z
  .object({
    success: z.literal(true),
    device_id: z.string(),
    depth: z.object({
      backlog: z.object(
        Object.fromEntries(PRIORITIES.map((priority) => [priority, count])) as Record<
          (typeof PRIORITIES)[number],
          typeof count
        >,
      ),
      held: count.meta({ description: "Cold messages set aside while the account is restricted." }),
      in_window: count.meta({ description: "In hand, or next." }),
      earlier_identity: count.meta({
        description: "Accepted under an earlier phone number: release or discard them.",
      }),
      total: count,
    }),
    rate: z.object({
      gap_ms: z.number(),
      jitter_ms: z.number(),
      recipient_gap_ms: z.number(),
      daily_cap: count.nullable(),
      cold_daily_cap: count.nullable(),
    }),
    budget: z.object({
      left: count.nullable(),
      cold_left: count.nullable(),
      renews_at: z.iso.datetime(),
    }),
    pace: z.object({
      actual_per_minute: z.number().meta({ description: "What went in the last minute." }),
      allowed_per_minute: z.number().nullable().meta({ description: "Null: without a limit." }),
    }),
    paused: z.boolean(),
    paused_at: instant,
    paused_by: z.string().nullable().meta({ description: "The API key that paused it." }),
    throttled_until: instant,
    held_until: instant,
    owner: z.string().nullable().meta({ description: "The worker that runs the device." }),
    epoch: z.int().nullable().meta({ description: "Counts the owners that it had." }),
    blocked_by: z.enum(BLOCKERS).nullable(),
    blocked_since: instant,
    eta: instant.meta({ description: "When everything that waits will have left, if known." }),
  })
  .meta({ id: "Lane" });

/** What a release or discard of an earlier phone number's messages did. */
export const moved = z
  .object({ success: z.literal(true), moved: count })
  .meta({ id: "MovedMessages" });

/** Why a lane isn't sending, gate by gate. */
export const laneGates = z
  .object({
    success: z.literal(true),
    device_id: z.string(),
    at: z.iso.datetime(),
    unexplained: z
      .boolean()
      .meta({ description: "Messages wait, no gate stops them, and none went for two slots." }),
    gates: z
      .array(
        z.object({
          gate: z.enum(GATES),
          state: z.enum(["pass", "stop", "not_reached"]),
          waiting: count.meta({ description: "Messages that it stops." }),
          since: instant,
          until: instant,
        }),
      )
      .meta({ description: "In the order in which a message passes them." }),
    waiting: z.array(
      z.object({
        reason: z.enum(BLOCKERS),
        count,
        until: instant.meta({ description: "When the first of them goes on, if known." }),
        message_id: z.string().nullable().meta({ description: "The first of them." }),
      }),
    ),
    complete: z
      .boolean()
      .meta({ description: "False: only the latest 10,000 messages of the device were counted." }),
  })
  .meta({ id: "LaneGates" });

export type LaneGatesBody = z.output<typeof laneGates>;
export type LaneBody = z.output<typeof lane>;
export type PaceInput = z.output<typeof pace>;
