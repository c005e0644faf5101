import { DELIVERY_STATES, isCursor } from "@pombo/domain";
import { z } from "zod";
import { EVENT_FILTERS } from "./event.ts";
import { instant, wholeNumber } from "./message.ts";
import { nearestName } from "./nearest-name.ts";
import { codePoints, isCarriable } from "./text-rules.ts";

const URL_RULE =
  "url is required and must be an https:// address of at most 2048 characters, without a user and a fragment";
const EVENTS_RULE = "events must be a list of types of events, at least one";
const DEVICES_RULE = 'devices must be "*" or a list of 1 to 1000 device ids';
const DESCRIPTION_RULE = "description must be at most 200 characters";
const SECRET_RULE = "secret must be whsec_ and 24 to 64 bytes in base64";
const ENABLED_RULE = "enabled must be true or false";
const FROM_RULE = "from must be cursor or latest";
const DELIVERY_RULE = "delivery_id must be the id of a delivery of this webhook";
const CURSOR_RULE = "cursor must be the next_cursor of an earlier answer";
const STATE_RULE = `state must be one of ${DELIVERY_STATES.join(", ")}`;
const FAILED_SINCE_RULE = "failed_since must be a time like 2030-01-31T12:00:00Z";

const url = z
  .string({ error: URL_RULE })
  .max(2_048, { error: URL_RULE })
  .regex(/^https?:\/\/[^\s/?#@\\]+(?:[/?][^\s#]*)?$/i, { error: URL_RULE })
  .pipe(z.url({ protocol: /^https?$/, error: URL_RULE }))
  .meta({
    description: "HTTPS, at a public address; in development anything.",
    example: "https://example.com/webhooks",
  });

const eventFilter = z.string({ error: EVENTS_RULE }).superRefine((text, context) => {
  if (EVENT_FILTERS.includes(text)) return;
  const shown = text.slice(0, 60).toWellFormed();
  const nearest = nearestName(text, EVENT_FILTERS);
  const meant = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  context.addIssue({ code: "custom", message: `events does not know "${shown}"${meant}` });
});

const events = z
  .array(eventFilter, { error: EVENTS_RULE })
  .min(1, { error: EVENTS_RULE })
  .max(100, { error: EVENTS_RULE })
  .meta({
    description: "Types; `message.*` stands for all of a subject, `*` for all.",
    example: ["message.sent", "message.failed"],
  });

const deviceId = z.string({ error: DEVICES_RULE }).max(64, { error: DEVICES_RULE });
const devices = z
  .union(
    [
      z.literal("*"),
      z
        .array(deviceId, { error: DEVICES_RULE })
        .min(1, { error: DEVICES_RULE })
        .max(1_000, { error: DEVICES_RULE }),
    ],
    { error: DEVICES_RULE },
  )
  .meta({ description: "Whose events come. `*`: all, also of later devices." });

const description = z
  .string({ error: DESCRIPTION_RULE })
  .refine((text) => codePoints(text) <= 200 && isCarriable(text), { error: DESCRIPTION_RULE })
  .meta({ maxLength: 200 });

const secret = z
  .string({ error: SECRET_RULE })
  .regex(/^whsec_(?:[A-Za-z0-9+/]{4}){8,22}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, {
    error: SECRET_RULE,
  })
  .max(94, { error: SECRET_RULE })
  .optional()
  .meta({ description: "Made for you when absent." });

/** The body of `POST /v1/webhooks`. */
export const createWebhookBody = z
  .strictObject({
    url,
    events: events.optional().meta({ description: "All when absent." }),
    devices: devices.optional().meta({ description: "Those of the key when absent." }),
    description: description.optional(),
    secret,
  })
  .meta({ id: "CreateWebhook" });

/** The body of `PATCH /v1/webhooks/:id`. */
export const changeWebhookBody = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    devices: devices.optional(),
    description: description.optional(),
    enabled: z.boolean({ error: ENABLED_RULE }).optional().meta({
      description: "`true` goes on where it stopped, as `resume` does.",
    }),
  })
  .meta({ id: "ChangeWebhook" });

/** A device's own webhook, in the body of `PATCH /v1/devices/:id`. */
export const deviceWebhookInput = z
  .strictObject({ url, events: events.optional(), secret })
  .nullable()
  .meta({ description: "Its own webhook, for its events only. `null` deletes it." });

export const deviceWebhook = z
  .object({
    webhook_id: z.string(),
    url: z.string(),
    secret: z.string().optional().meta({ description: "When it is new: shown this once." }),
  })
  .nullable();

export const rotateSecretBody = z.strictObject({ secret }).meta({ id: "RotateSecret" });

export const resumeWebhookBody = z
  .strictObject({
    from: z.enum(["cursor", "latest"], { error: FROM_RULE }).optional().meta({
      description:
        "`cursor`, the default: where it stopped, or where the event log begins by now. `latest`: skips what it missed.",
    }),
  })
  .meta({ id: "ResumeWebhook" });

/** The body of `POST …/redeliver`: one delivery, all that failed since a time, or a stretch of the event log. */
export const redeliverBody = z
  .strictObject({
    delivery_id: z.string({ error: DELIVERY_RULE }).max(100, { error: DELIVERY_RULE }).optional(),
    from_cursor: cursorField("from_cursor"),
    to_cursor: cursorField("to_cursor"),
    failed_since: z
      .string({ error: FAILED_SINCE_RULE })
      .pipe(z.iso.datetime({ offset: true, error: FAILED_SINCE_RULE }))
      .transform((text) => Date.parse(text))
      .optional()
      .meta({
        description:
          "All that failed at that time or later: what is parked is tried anew, what waits for its next try goes at once.",
      }),
  })
  .refine(
    ({ delivery_id: one, from_cursor: from, to_cursor: to, failed_since: since }) => {
      const stretch = from !== undefined && to !== undefined;
      const ways = [one !== undefined, since !== undefined, stretch].filter(Boolean).length;
      return ways === 1 && (stretch || (from === undefined && to === undefined));
    },
    {
      path: ["delivery_id"],
      error: "one of delivery_id, failed_since, or from_cursor and to_cursor, must be given",
    },
  )
  .meta({ id: "Redeliver" });

function cursorField(name: string) {
  const rule = `${name} must be the cursor of an event`;
  return z.string({ error: rule }).refine(isCursor, { error: rule }).optional();
}

export const webhookParams = z.strictObject({ id: z.string() });

/** `?state&cursor&limit` */
export const deliveriesQuery = z.strictObject({
  state: z.enum(DELIVERY_STATES, { error: STATE_RULE }).optional().meta({
    description: "Only those; `parked`: tried for a day without success. All when absent.",
  }),
  cursor: z
    .string({ error: CURSOR_RULE })
    .regex(/^[0-9]{1,15}\.[0-9]{1,9}$/, { error: CURSOR_RULE })
    .optional(),
  limit: wholeNumber("limit", 200).meta({ description: "100 when absent." }),
});

const WEBHOOK_STATES = ["enabled", "disabled", "parked"] as const;

const webhookFields = {
  webhook_id: z.string().meta({ example: "wh_0123456789abcdef" }),
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()),
  devices: z.union([z.literal("*"), z.array(z.string())]),
  state: z.enum(WEBHOOK_STATES).meta({
    description: "`parked`: it was so far behind that the event log could not wait any longer.",
  }),
  reason: z.string().nullable().meta({
    description: "Why it is not enabled: `requested`, `gone` (it answered 410) or `behind`.",
  }),
  state_since: instant,
  circuit: z.object({
    state: z.enum(["closed", "open"]),
    failures: z.int().meta({ description: "In a row." }),
    open_until: instant.nullable(),
  }),
  cursor: z.string().meta({ description: "The last event that was looked at for it." }),
  gap: z.object({ from_cursor: z.string(), to_cursor: z.string() }).nullable().meta({
    description: "What it was not told when it was resumed last: events behind the first cursor.",
  }),
  replay: z.object({ after_cursor: z.string(), to_cursor: z.string() }).nullable().meta({
    description: "The stretch that is being told once more.",
  }),
  deliveries: z.object({
    open: z.int(),
    retrying: z.int().meta({ description: "Of the open ones." }),
    parked: z.int(),
  }),
  old_secret_expires_at: instant.nullable(),
  created_at: instant,
};

export const webhook = z
  .object({ success: z.literal(true), ...webhookFields })
  .meta({ id: "Webhook" });

/** The answers that hold the secret. */
export const webhookWithSecret = z
  .object({
    success: z.literal(true),
    ...webhookFields,
    secret: z.string().meta({ description: "Shown this once." }),
  })
  .meta({ id: "WebhookWithSecret" });

export const webhookList = z
  .object({ success: z.literal(true), webhooks: z.array(z.object(webhookFields)) })
  .meta({ id: "WebhookList" });

export const deletedWebhook = z
  .object({ success: z.literal(true), webhook_id: z.string() })
  .meta({ id: "DeletedWebhook" });

export const acceptedDelivery = z
  .object({
    success: z.literal(true),
    webhook_id: z.string(),
    delivery_id: z
      .string()
      .nullable()
      .meta({ description: "Null for a stretch, and for all that failed." }),
    webhook_state: z.enum(WEBHOOK_STATES).meta({
      description: "Unless `enabled`, only tests are posted; the others wait until it is resumed.",
    }),
    opened: z.int().nullable().meta({
      description: "Deliveries that go out again; null for a stretch, which is still to be read.",
    }),
    left: z.int().meta({
      description:
        "Of all that failed: what is still parked, because a webhook has `webhook_open_limit` open at most. Ask again for these.",
    }),
  })
  .meta({ id: "AcceptedDelivery" });

const deliveryFields = {
  delivery_id: z.string().meta({ description: "The `webhook-id` of its requests." }),
  type: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.int(),
  last_change: instant,
  next_attempt_at: instant.nullable(),
  http_status: z.int().nullable(),
  error: z.string().nullable().meta({
    description: "Why there was no answer: timeout, dns, connection, tls or refused_address.",
  }),
  duration_ms: z.int().nullable(),
  response_excerpt: z.string().nullable().meta({
    description:
      "The beginning of what the last request was answered, on one line; null without words.",
  }),
};

export const deliveryPage = z
  .object({
    success: z.literal(true),
    deliveries: z.array(z.object(deliveryFields)),
    next_cursor: z.string().nullable().meta({
      description: "A page may be shorter than asked for, even empty, and still have a next one.",
    }),
  })
  .meta({ id: "DeliveryPage" });

export type WebhookBody = z.output<typeof webhook>;
export type DeliveryPageBody = z.output<typeof deliveryPage>;
