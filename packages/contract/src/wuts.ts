import { z } from "zod";
import { checkBody } from "./directory.ts";
import { deviceState, pairingCodeBody } from "./device.ts";

const DEVICE_RULE = "device_id must be the id of a device";

/** Which device is meant, where the key is bound to none or another one. */
export const wutsDevice = z
  .string({ error: DEVICE_RULE })
  .max(64, { error: DEVICE_RULE })
  .optional()
  .meta({ description: "The device that the key is bound to when absent." });

/** RFC 3339 UTC, to the second. */
export const second = z.iso.datetime();

/** The body of `POST /connect` and `POST /disconnect`. */
export const wutsDeviceBody = z.object({ device_id: wutsDevice }).meta({ id: "WutsDeviceChoice" });

/** `?device_id=` of the routes that read. Further parameters of the dialect's own clients are ignored. */
export const wutsDeviceQuery = z.object({ device_id: wutsDevice });

const wutsDeviceFields = z
  .object({
    id: z.string(),
    user_id: z.string().meta({ description: "The id of the API key that made the device." }),
    name: z.string(),
    whatsapp_jid: z.string().nullable(),
    connected: z.boolean(),
    last_seen: second.nullable(),
    webhook_url: z.string().nullable(),
    created_at: second,
    updated_at: second,
  })
  .meta({ id: "WutsDevice" });

/** Both shapes that the dialect's documents show for a new device, in one. */
export const wutsCreated = z
  .object({
    success: z.literal(true),
    message: z.string(),
    data: z.object({ device_id: z.string(), name: z.string() }),
    device: wutsDeviceFields,
  })
  .meta({ id: "WutsCreated" });

export const wutsDeviceList = z
  .object({ success: z.literal(true), devices: z.array(wutsDeviceFields) })
  .meta({ id: "WutsDeviceList" });

export const wutsConnection = z
  .object({
    success: z.literal(true),
    message: z.string(),
    data: z.object({ device_id: z.string(), status: deviceState, connected: z.boolean() }),
  })
  .meta({ id: "WutsConnection" });

export const wutsStatus = z
  .object({
    success: z.literal(true),
    data: z.object({
      connected: z.boolean(),
      status: deviceState,
      device_id: z.string(),
      jid: z.string().nullable(),
      phone_number: z.string().nullable(),
      is_logged_in: z.boolean(),
      last_seen: second.nullable(),
    }),
  })
  .meta({ id: "WutsStatus" });

export const wutsQr = z
  .object({
    success: z.literal(true),
    data: z.object({
      qr_code: z.string(),
      image: z.string().meta({ description: "A data URI: PNG in base64." }),
      cached: z.boolean(),
      expires_at: second,
      ttl: z.int(),
    }),
  })
  .meta({ id: "WutsQr" });

export const wutsQrStatus = z
  .object({
    success: z.literal(true),
    data: z.object({ exists: z.boolean(), generated_at: second.nullable() }),
  })
  .meta({ id: "WutsQrStatus" });

/** The body of `POST /contact/check`. */
export const wutsCheckBody = z
  .object({ numbers: checkBody.shape.numbers, device_id: wutsDevice })
  .meta({ id: "WutsCheckContacts" });

export const wutsChecked = z
  .object({
    success: z.literal(true),
    data: z
      .record(z.string(), z.boolean().nullable())
      .meta({ description: "By number; null where WhatsApp did not tell." }),
  })
  .meta({ id: "WutsCheckedContacts" });

/** The body of `POST /paircode`. */
export const wutsPairCodeBody = z
  .object({ phone: pairingCodeBody.shape.phone, device_id: wutsDevice })
  .meta({ id: "WutsPairCodeRequest" });

export const wutsPairCode = z
  .object({
    success: z.literal(true),
    data: z.object({
      code: z.string().meta({ example: "ABCD-1234" }),
      phone: z.string(),
      expires_in: z.int().meta({ description: "Seconds." }),
      cached: z.boolean(),
      instructions: z.string(),
    }),
  })
  .meta({ id: "WutsPairCode" });
