import { FORECAST_LIMITS } from "@pombo/domain";
import { z } from "zod";
import { batchErrorPage, batchQuery } from "./batch.ts";
import { instant, wholeNumber } from "./message.ts";

/** Most rows that a preview shows, and most numbers that it looks up. */
const MOST_SHOWN = 200;
const MOST_LOOKED_UP = 1_000;

/** The settings of the batch, and how closely to look. */
export const previewQuery = batchQuery.extend({
  sample: wholeNumber("sample", MOST_SHOWN).meta({
    description: "Rows, and errors, that are shown; 20 when absent.",
  }),
  look_up: wholeNumber("look_up", MOST_LOOKED_UP).meta({
    description:
      "Numbers that WhatsApp is asked about, from the day's budget of the device; as many as are shown when absent.",
  }),
});

const NUMBER_HINTS = [
  "brazil_ninth_digit",
  "mexico_mobile_1",
  "argentina_mobile_9",
  "international_prefix",
  "country_code_missing",
] as const;

/** What speaks against starting the batch as it is. */
export const PREVIEW_WARNINGS = [
  "nothing_to_send",
  "device_offline",
  "no_worker",
  "lane_paused",
  "account_hold",
  "cold_share",
  "daily_cap",
  "cold_daily_cap",
  "quiet_hours",
  "expires_first",
  "not_on_whatsapp",
  "doubtful_numbers",
  "speed_assumed",
  "not_all_read",
] as const;

const count = z.int().min(0);
const onWhatsApp = z.enum(["yes", "no", "unknown"]);

const sampleRow = z.object({
  row: count,
  line: count.meta({ description: "Where the row begins in what was uploaded." }),
  to: z.string().meta({ description: "As it will be sent to: digits, or a group JID." }),
  chat_jid: z.string(),
  client_ref: z.string().nullable(),
  text: z
    .string()
    .nullable()
    .meta({ description: "What the phone will show; null for a content without words." }),
  country: z.string().nullable(),
  international: z
    .string()
    .nullable()
    .meta({ description: "The number as people write it; null for a group." }),
  valid: z.boolean().meta({ description: "The numbering plan of its country has such numbers." }),
  suggestions: z
    .array(z.object({ to: z.string(), hint: z.enum(NUMBER_HINTS) }))
    .meta({ description: "Other names that the same person may have, or what may be meant." }),
  on_whatsapp: onWhatsApp,
  age_s: count.nullable().meta({ description: "How long ago that was found out." }),
  warm: z.boolean().meta({ description: "There is a living conversation with a sending device." }),
});

/** What would become of an upload. */
export const batchPreview = z
  .object({
    success: z.literal(true),
    rows: count,
    complete: z.boolean().meta({ description: "The whole upload was read." }),
    accepted: count.meta({ description: "Rows that would be sent." }),
    invalid: count,
    duplicate: count,
    suppressed: count,
    warm: count,
    cold: count.meta({ description: "To recipients without a living conversation." }),
    on_whatsapp: z.object({ yes: count, no: count, unknown: count }),
    forecast: z.object({
      finishes_at: instant.nullable().meta({
        description:
          "If it started now, connected and not paused; null when that is not foreseeable.",
      }),
      unsent: count.meta({ description: "Rows that would not have left by `expires_at`." }),
      limits: z.array(z.enum(FORECAST_LIMITS)),
      speed: z.enum(["paced", "measured", "assumed"]).meta({
        description:
          "What it goes by: the pace, what was measured lately, or one message a second.",
      }),
    }),
    warnings: z.array(z.object({ code: z.enum(PREVIEW_WARNINGS), count, message: z.string() })),
    sample: z.array(sampleRow),
    errors: batchErrorPage.shape.errors,
  })
  .meta({ id: "BatchPreview" });

export type BatchPreviewBody = z.output<typeof batchPreview>;
