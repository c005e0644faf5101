import { isTimezone } from "@pombo/domain";
import { z } from "zod";

const CLOCK = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/;
/** Also the longest `ttl_s`. */
const YEAR_S = 31_536_000;
const YEAR_MS = YEAR_S * 1_000;
const TTL_RULE = `ttl_s must be a whole number of seconds between 1 and ${YEAR_S}`;
const QUIET_RULE =
  "quiet_hours must be an object with from and to as HH:MM, and timezone where the number does not tell it";

/** A time as people write it; parsing makes it ms since the epoch. */
function timeOf(name: string) {
  const rule = `${name} must be a time like 2030-01-31T12:00:00Z or 2030-01-31T09:00:00-03:00`;
  return z
    .string({ error: rule })
    .pipe(z.iso.datetime({ offset: true, error: rule }))
    .transform((text) => Date.parse(text))
    .optional();
}

function clockOf(name: string) {
  const rule = `quiet_hours.${name} must be a time of day like 22:00`;
  return z.string({ error: rule }).regex(CLOCK, { error: rule }).meta({ example: "22:00" });
}

export const quietHours = z
  .strictObject(
    {
      from: clockOf("from"),
      to: clockOf("to"),
      timezone: z
        .string({ error: "quiet_hours.timezone must be the name of a time zone" })
        .max(64, { error: "quiet_hours.timezone must be the name of a time zone" })
        .refine(isTimezone, {
          error: "quiet_hours.timezone must be the name of a time zone, like America/Sao_Paulo",
        })
        .optional()
        .meta({ description: "By the country code of the number when absent." }),
    },
    { error: (issue) => (issue.code === "invalid_type" ? QUIET_RULE : undefined) },
  )
  .meta({
    id: "QuietHours",
    description:
      "When the recipient sleeps, on the recipient's clock; `from` after `to` spans midnight.",
  });

/** When a message may go, and until when. `checkTimes` holds it against the present. */
export const scheduleFields = {
  send_at: timeOf("send_at").meta({ description: "Not before; at most a year ahead." }),
  expires_at: timeOf("expires_at").meta({
    description: "What has not left by then ends as `expired`. Not together with `ttl_s`.",
  }),
  ttl_s: z
    .int({ error: TTL_RULE })
    .min(1, { error: TTL_RULE })
    .max(YEAR_S, { error: TTL_RULE })
    .optional()
    .meta({ description: "Seconds after `send_at`, or after the acceptance, until it expires." }),
  quiet_hours: quietHours.optional(),
};

/** What a body says of its times, parsed. */
export interface Schedule {
  readonly send_at?: number | undefined;
  readonly expires_at?: number | undefined;
  readonly ttl_s?: number | undefined;
}

export type CheckedTimes =
  | { readonly kind: "times"; readonly sendAt?: number; readonly expiresAt?: number }
  | { readonly kind: "refused"; readonly field: keyof Schedule; readonly message: string };

/** A `send_at` that has passed by no more than this means now. */
const GRACE_MS = 60_000;

/** Holds the times of a request against the present. */
export function checkTimes(asked: Schedule, now: number): CheckedTimes {
  const { send_at: sendAt = now, expires_at: expiresAt, ttl_s: ttl } = asked;
  const early = wrongStart(sendAt, now);
  if (early !== undefined) return refused("send_at", early);
  if (expiresAt !== undefined && ttl !== undefined)
    return refused("ttl_s", "ttl_s and expires_at must not be given together");
  const start = Math.max(sendAt, now);
  const wrong = expiresAt === undefined ? undefined : wrongEnd(expiresAt, start, now);
  if (wrong !== undefined) return refused("expires_at", wrong);
  const end = ttl === undefined ? expiresAt : start + ttl * 1_000;
  return {
    kind: "times",
    ...(sendAt > now ? { sendAt } : {}),
    ...(end === undefined ? {} : { expiresAt: end }),
  };
}

function wrongStart(sendAt: number, now: number): string | undefined {
  if (sendAt < now - GRACE_MS) return "send_at must be in the future";
  return sendAt > now + YEAR_MS ? "send_at must be within a year from now" : undefined;
}

function wrongEnd(end: number, start: number, now: number): string | undefined {
  if (end > start + YEAR_MS) return "expires_at must be within a year after the message may go";
  if (end > start) return undefined;
  return `expires_at must be ${start > now ? "after send_at" : "in the future"}`;
}

function refused(field: keyof Schedule, message: string): CheckedTimes {
  return { kind: "refused", field, message };
}
