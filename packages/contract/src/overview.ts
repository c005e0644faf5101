import { ATTENTION_KINDS, BLOCKERS, DEVICE_STATES, PRIORITIES, PULSE_COUNTS } from "@pombo/domain";
import { z } from "zod";
import { errorCode } from "./error-code.ts";
import { workersFields } from "./fleet.ts";
import { wholeNumber } from "./message.ts";
import type { Route } from "./route.ts";

const count = z.int();
const time = z.iso.datetime();

function countsOf<Name extends string>(names: readonly Name[]) {
  return z.object(
    Object.fromEntries(names.map((name) => [name, count])) as Record<Name, typeof count>,
  );
}

const counts = countsOf(PULSE_COUNTS).meta({
  description:
    "Messages by the status that they entered in this time; `accepted` by requests, `sent`: acked by WhatsApp, `retried`: attempts that failed and are made again.",
});

const latency = z.object({
  count,
  p50_ms: count.nullable(),
  p99_ms: count.nullable().meta({ description: "Right within 9 %; null when there was none." }),
});

const byCode = z.array(
  z.object({
    code: errorCode,
    count,
    since: time.meta({ description: "The beginning of the first stretch that has it." }),
  }),
);

const depth = z.object({ waiting: count, oldest_at: time.nullable() });

const attention = z.object({
  kind: z.enum(ATTENTION_KINDS),
  size: count.meta({
    description:
      "Messages that wait (a device), failures of the last hour (a code), deliveries (a webhook), devices (no_worker), percent of Redis' memory (redis).",
  }),
  since: time.nullable(),
  until: time.nullable().meta({ description: "When it ends by itself, where that is known." }),
  device_id: z.string().nullable(),
  device_name: z.string().nullable(),
  webhook_id: z.string().nullable(),
  code: errorCode.nullable(),
});

/** `GET /v1/overview` */
const overview = z
  .object({
    success: z.literal(true),
    at: time.meta({ description: "When this was seen; a request may get what another one saw." }),
    window_s: count,
    step_s: count,
    totals: counts,
    rates: z
      .object({
        over_s: z.number(),
        accepted_per_s: z.number(),
        acked_per_s: z.number(),
        failed_per_s: z.number(),
      })
      .meta({
        description: "Of the last minute that is over; shorter where fewer stretches are kept.",
      }),
    accept_to_ack: latency,
    ack_to_delivered: latency,
    buckets: z
      .array(
        z.object({
          start: time,
          ...counts.shape,
          accept_to_ack_p50_ms: count.nullable(),
          accept_to_ack_p99_ms: count.nullable(),
        }),
      )
      .meta({ description: "The window in steps, oldest first; the last one is not over yet." }),
    failures: byCode.meta({ description: "Messages that failed, by code, the most first." }),
    retries: byCode.meta({ description: "Attempts that failed and are made again, by code." }),
    depth: z.object({
      total: count.meta({
        description:
          "Waiting, rows of running batches included, held and in hand; without what waits for a time or behind an earlier message of its recipient.",
      }),
      oldest_at: time.nullable(),
      drained_at: time
        .nullable()
        .meta({ description: "When the last lane that can tell will have nothing left." }),
      ...(Object.fromEntries(PRIORITIES.map((name) => [name, depth])) as Record<
        (typeof PRIORITIES)[number],
        typeof depth
      >),
      held: count,
      in_window: count,
    }),
    dead_letters: count,
    devices: z.object({
      total: count,
      unowned: count,
      by_state: countsOf(DEVICE_STATES),
    }),
    blocked: z
      .array(
        z.object({
          reason: z.enum(BLOCKERS),
          lanes: count,
          waiting: count,
          since: time.nullable(),
        }),
      )
      .meta({ description: "Lanes on which messages wait and that are stopped, by reason." }),
    ...workersFields,
    leases_taken: count.meta({ description: "In the window; devices that changed their worker." }),
    redis: z.object({
      used_percent: z.number().meta({ description: "Of maxmemory; 0 without a limit." }),
      writable: z
        .boolean()
        .meta({ description: "Its last write to the append-only file went well." }),
      round_trip_ms: z.number(),
    }),
    attention: z
      .array(attention)
      .meta({ description: "What needs somebody, the most urgent first." }),
    attention_total: count.meta({ description: "At most 50 are shown." }),
  })
  .meta({ id: "Overview" });

export type OverviewBody = z.output<typeof overview>;

const MOST_WINDOW_S = 7_200;

export const OVERVIEW_ROUTES = {
  getOverview: {
    method: "GET",
    path: "/v1/overview",
    auth: "ops:read",
    summary: "Whether messages flow, and what needs somebody: of the whole installation",
    query: z.strictObject({
      window_s: wholeNumber("window_s", MOST_WINDOW_S).meta({
        description: "How far back it counts; 3600 when absent.",
      }),
      step_s: wholeNumber("step_s", MOST_WINDOW_S).meta({
        description:
          "Length of a bucket; 60 when absent. Rounded up to whole stretches of `overview_bucket_ms`.",
      }),
    }),
    answers: { 200: { says: "The installation at this moment.", schema: overview } },
    errors: [],
  },
} as const satisfies Record<string, Route>;
