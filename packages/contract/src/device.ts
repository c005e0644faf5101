import { ATTENTION_KINDS, BLOCKERS, DEVICE_STATES, isDeviceId } from "@pombo/domain";
import { z } from "zod";
import { pace } from "./lane.ts";
import { codePoints, isCarriable } from "./text-rules.ts";
import { wholeNumber } from "./message.ts";
import { deviceWebhook, deviceWebhookInput } from "./webhook.ts";

const NAME_RULE = "name is required and must be between 1 and 100 characters";
const PHONE_RULE =
  "phone is required and must be a phone number of 10 to 15 digits in international form";

const MOST_IDS = 200;
const IDS_RULE = "ids must be at most 200 ids of devices, separated by commas";

const instant = z.iso.datetime();
export const deviceState = z.enum(DEVICE_STATES).meta({ id: "DeviceState" });

/** A name that a person gives. */
export const name = z
  .string({ error: NAME_RULE })
  .refine(isName, { error: NAME_RULE })
  .meta({ minLength: 1, maxLength: 100, example: "Support" });

export const createDeviceBody = z
  .strictObject({ name, pace: pace.optional() })
  .meta({ id: "CreateDevice" });

/** The body of `PATCH /v1/devices/:id`; a pace replaces the one before. */
export const changeDeviceBody = z
  .strictObject({
    name: name.optional(),
    pace: pace.optional(),
    webhook: deviceWebhookInput.optional(),
  })
  .meta({ id: "ChangeDevice" });

function isName(text: string): boolean {
  return text.trim() !== "" && codePoints(text) <= 100 && isCarriable(text);
}

/** The body of `POST …/pairing-code`; parsing reduces the phone to its digits. */
export const pairingCodeBody = z
  .strictObject({
    phone: z
      .string({ error: PHONE_RULE })
      .max(64, { error: PHONE_RULE })
      .transform((text) => text.replaceAll(/[\s()-]/g, "").replace(/^\+/, ""))
      .refine((digits) => /^[0-9]{10,15}$/.test(digits), { error: PHONE_RULE })
      .meta({ description: "The phone that will enter the code.", example: "+5511999999999" }),
  })
  .meta({ id: "PairingCodeRequest" });

export const deviceParams = z.strictObject({ id: z.string() });

const deviceFields = {
  device_id: z.string().meta({ example: "dev_0123456789abcdef" }),
  name: z.string(),
  state: deviceState,
  state_since: instant,
  cause: z.string().nullable().meta({ description: "Why it is in this state, where known." }),
  jid: z.string().nullable(),
  phone_number: z.string().nullable(),
  pace: pace.meta({ description: "As it was set; what is absent is as the installation has it." }),
  created_at: instant,
  last_seen: instant.nullable(),
};

/** One device, as a whole answer. */
export const device = z
  .object({ success: z.literal(true), ...deviceFields })
  .meta({ id: "Device" });

/** As it is now, with its webhook when that was asked for. */
export const changedDevice = z
  .object({ ...device.shape, webhook: deviceWebhook.optional() })
  .meta({ id: "ChangedDevice" });

const laneSummary = z
  .object({
    waiting: z.int().meta({ description: "In its turn, in hand, or held." }),
    held: z.int(),
    blocked_by: z.enum(BLOCKERS).nullable(),
    blocked_since: instant.nullable(),
    eta: instant.nullable().meta({ description: "When all of them will have left, if known." }),
    actual_per_minute: z.number(),
    allowed_per_minute: z.number().nullable().meta({ description: "Null: without a limit." }),
    paused: z.boolean(),
    owner: z.string().nullable(),
    oldest_at: instant.nullable(),
    attention: z
      .enum(ATTENTION_KINDS)
      .nullable()
      .meta({ description: "Why the device needs somebody, if it does." }),
  })
  .meta({ id: "LaneSummary" });

export const devicePage = z
  .object({
    success: z.literal(true),
    devices: z.array(
      z.object({
        ...deviceFields,
        lane: laneSummary.optional().meta({ description: "When `lanes` asks for it." }),
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: "DevicePage" });

export const devicesQuery = z.strictObject({
  cursor: z
    .string()
    .max(256, { error: "cursor must be the next_cursor of an earlier answer" })
    .optional(),
  limit: wholeNumber("limit", 1000).meta({ description: "100 when absent." }),
  lanes: z.enum(["true"], { error: "lanes must be true, or absent" }).optional().meta({
    description:
      "With what waits on each. A key that may see every device gets it as the overview saw it, up to `overview_refresh_ms` ago.",
  }),
  ids: z
    .string({ error: IDS_RULE })
    .max(8_000, { error: IDS_RULE })
    .transform((text) => text.split(","))
    .refine((ids) => ids.length <= MOST_IDS && ids.every(isDeviceId), { error: IDS_RULE })
    .optional()
    .meta({ description: "Only these, at most 200, separated by commas.", type: "string" }),
});

/** What became of a device, the latest first. */
export const deviceHistory = z
  .object({
    success: z.literal(true),
    device_id: z.string(),
    history: z
      .array(
        z.object({
          at: instant,
          what: z.string().meta({
            description:
              "`state`, `owner`, `lane.paused`, `lane.resumed`, `lane.blocked`, `lane.unblocked`; others may come.",
          }),
          state: z.string().nullable(),
          cause: z.string().nullable(),
          error_code: z.string().nullable(),
          owner: z.string().nullable().meta({ description: "The worker that took it." }),
          epoch: z.int().nullable(),
          key_id: z.string().nullable().meta({ description: "The API key that said so." }),
        }),
      )
      .meta({ description: "At most 100." }),
  })
  .meta({ id: "DeviceHistory" });

export const qrAnswer = z
  .object({
    success: z.literal(true),
    qr: z.string().meta({ description: "The text of the QR code." }),
    expires_at: instant,
    ttl: z.int().meta({ description: "Seconds until it is replaced." }),
  })
  .meta({ id: "Qr" });

export const deletedDevice = z
  .object({ success: z.literal(true), device_id: z.string() })
  .meta({ id: "DeletedDevice" });

export const pairingCodeAnswer = z
  .object({
    success: z.literal(true),
    code: z.string().meta({ description: "Enter it on the phone.", example: "ABCD1234" }),
    expires_at: instant,
  })
  .meta({ id: "PairingCode" });

export type DevicePageBody = z.output<typeof devicePage>;
export type DeviceBody = z.output<typeof device>;
