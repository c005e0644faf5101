import type { Settings } from "@pombo/domain";
import { z } from "zod";
import { dialectRecipient } from "./dialect-recipient.ts";
import { messageId, messageStatus, textRule } from "./message.ts";

const DEVICE_RULE = "device_id must be the id of a device";

/** Which device is meant, where the key is bound to none or another one. */
export const wutsDevice = z
  .string({ error: DEVICE_RULE })
  .max(64, { error: DEVICE_RULE })
  .optional()
  .meta({ description: "The device that the key is bound to when absent." });

/** The recipient under the name that the route gives it. Fields that are not known are ignored: the dialect's own clients send more. */
function recipientField(name: "number" | "to") {
  return dialectRecipient({
    missing: `${name} is required and must be a phone number or a JID`,
    wrong: (why) => `${name} ${why}`,
  });
}

/** The body of `POST /send/text`. */
export function wutsTextBody(settings: Settings) {
  return z
    .object({ number: recipientField("number"), text: textRule(settings), device_id: wutsDevice })
    .meta({ id: "WutsText" });
}

const second = z.iso.datetime();

export const wutsSent = z
  .object({
    success: z.literal(true),
    message_id: messageId,
    timestamp: second,
    status: messageStatus.meta({ description: "`sent` once WhatsApp has acknowledged it." }),
    chat_jid: z.string(),
    metadata: z.object({
      device_id: z.string(),
      processing_time_ms: z.int(),
      sent_at: second.nullable(),
    }),
  })
  .meta({ id: "WutsSent" });
