import { isCursor, isMessageId, type Settings } from "@pombo/domain";
import { z } from "zod";
import { EVENT_FILTERS, eventBody } from "./event.ts";
import { wholeNumber } from "./message.ts";
import { nearestName } from "./nearest-name.ts";
import type { Route } from "./route.ts";

const AFTER_RULE = "after must be the next of an earlier answer, the id of an event, 0 or now";
const TYPE_RULE = "type must be a list of types of events, separated by commas";
const DEVICE_RULE = "device_id must be the id of a device";
const OVERVIEW_RULE = "overview must be true, or absent";
const MESSAGE_RULE = "message_id must be the id of a message";

const types = z
  .string({ error: TYPE_RULE })
  .max(2_000, { error: TYPE_RULE })
  .transform((text, context) => {
    const named = text.split(",").map((part) => part.trim());
    const unknown = named.find((part) => !EVENT_FILTERS.includes(part));
    if (unknown === undefined) return named;
    const shown = unknown.slice(0, 60).toWellFormed();
    const nearest = nearestName(unknown, EVENT_FILTERS);
    const meant = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
    const message = `type does not know "${shown}"${meant}`;
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  })
  .optional()
  .meta({
    description:
      "Types, separated by commas; `message.*` stands for all of a subject. All when absent.",
    example: "message.sent,message.failed",
  });

function eventsQuery(settings: Settings) {
  return z.strictObject({
    after: z
      .string({ error: AFTER_RULE })
      .refine((text) => text === "0" || text === "now" || isCursor(text), { error: AFTER_RULE })
      .optional()
      .meta({
        description:
          "Events behind this cursor. `0`: all that are kept, the default of JSON. `now`: those to come, the default of a stream.",
        example: "1767225600000-0",
      }),
    limit: wholeNumber("limit", 1_000).meta({ description: "100 when absent. JSON only." }),
    wait: wholeNumber("wait", settings.prefer_wait_limit_s).meta({
      description: "Seconds to wait for an event when there is none. JSON only.",
    }),
    beat: wholeNumber("beat", 60).meta({
      description:
        "Seconds of silence after which a stream shows that it lives; as the installation has it (`stream_heartbeat_ms`) when absent or 0.",
    }),
    type: types,
    device_id: z.string({ error: DEVICE_RULE }).max(64, { error: DEVICE_RULE }).optional(),
    overview: z.enum(["true"], { error: OVERVIEW_RULE }).optional().meta({
      description:
        "A stream also tells `event: overview`, the overview with its last two buckets, as often as a new one is taken (`overview_refresh_ms`), and `event: outage` while there is none. For keys with `ops:read` that may see every device. Neither has an id.",
    }),
    message_id: z
      .string({ error: MESSAGE_RULE })
      .refine(isMessageId, { error: MESSAGE_RULE })
      .optional(),
  });
}

const eventPage = z
  .object({
    success: z.literal(true),
    events: z.array(eventBody),
    next: z
      .string()
      .meta({ description: "Ask with it as `after`, also when there are no events." }),
  })
  .meta({ id: "EventPage" });

export type EventPageBody = z.output<typeof eventPage>;

export function eventRoutes(settings: Settings) {
  return {
    listEvents: {
      method: "GET",
      path: "/v1/events",
      auth: "messages:read",
      summary:
        "What happened to the key's devices: a page, or with Accept: text/event-stream a stream that goes on",
      query: eventsQuery(settings),
      resumes: true,
      answers: {
        200: {
          says: "The events behind the cursor, in order.",
          schema: eventPage,
          alternatives: ["text/event-stream"],
        },
      },
      errors: ["CURSOR_EXPIRED", "DEVICE_NOT_FOUND"],
    },
  } as const satisfies Record<string, Route>;
}
