import { z } from "zod";
import { createWebhookBody } from "./webhook.ts";
import { second, wutsDevice } from "./wuts.ts";

const URL_RULE = "webhook_url is required and must be an https:// address";
const EVENTS_RULE = "enabled_events must be a list of types of events, at least one";

/**
 * The body of `POST /webhook`. Events that Pombo does not have are taken and never come; further fields (retry_attempts, timeout, headers) are
 * ignored, since every webhook is retried for a day.
 */
export const wutsWebhookBody = z
  .object({
    webhook_url: z
      .string({ error: URL_RULE })
      .refine((text) => createWebhookBody.shape.url.safeParse(text).success, { error: URL_RULE }),
    enabled_events: z
      .array(z.string({ error: EVENTS_RULE }).max(100, { error: EVENTS_RULE }), {
        error: EVENTS_RULE,
      })
      .min(1, { error: EVENTS_RULE })
      .max(100, { error: EVENTS_RULE }),
    enabled: z.boolean({ error: "enabled must be true or false" }).optional(),
    secret: z
      .string({ error: "secret must be a text" })
      .min(1, { error: "secret must be a text" })
      .max(255, { error: "secret must be at most 255 characters" })
      .optional()
      .meta({ description: "What is no `whsec_…` becomes one: the SHA-256 of the text." }),
    device_id: wutsDevice,
  })
  .meta({ id: "WutsWebhookRequest" });

const fields = z.object({
  id: z.string(),
  device_id: z.string(),
  webhook_url: z.string(),
  enabled_events: z.array(z.string()),
  enabled: z.boolean(),
  secret: z.string().optional().meta({ description: "Shown when it was set or made." }),
  created_at: second,
});

export const wutsWebhook = z
  .object({ success: z.literal(true), message: z.string(), webhook: fields.nullable() })
  .meta({ id: "WutsWebhook" });
