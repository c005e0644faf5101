import { z } from "zod";
import { instant, wholeNumber } from "./message.ts";
import { SCOPES } from "./route.ts";
import { codePoints, isCarriable } from "./text-rules.ts";

const NAME_RULE = "name is required and must be between 1 and 100 characters";
const SCOPES_RULE = `scopes is required and must be a list of ${SCOPES.join(", ")}, at least one`;
const DEVICES_RULE = 'devices is required and must be "*" or a list of 1 to 1000 device ids';
const BOUND_RULE = "device_id must be the id of a device that the key is granted";
const EXPIRY_RULE = "expires_at must be a time like 2030-01-31T12:00:00Z";
const CURSOR_RULE = "cursor must be the next_cursor of an earlier answer";

export const scope = z.enum(SCOPES, { error: SCOPES_RULE }).meta({ id: "Scope" });
const deviceId = z.string({ error: DEVICES_RULE }).max(64, { error: DEVICES_RULE });

/** The body of `POST /v1/api-keys`. */
export const createApiKeyBody = z
  .strictObject({
    name: z
      .string({ error: NAME_RULE })
      .refine((text) => text.trim() !== "" && codePoints(text) <= 100 && isCarriable(text), {
        error: NAME_RULE,
      })
      .meta({ minLength: 1, maxLength: 100, example: "Order confirmations" }),
    scopes: z
      .array(scope, { error: SCOPES_RULE })
      .min(1, { error: SCOPES_RULE })
      .max(20, { error: SCOPES_RULE })
      .meta({ description: "None that the creating key lacks.", example: ["messages:send"] }),
    devices: z
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
      .meta({
        description: "The devices that the key may use and see; `*`: all, also later ones.",
      }),
    device_id: z.string({ error: BOUND_RULE }).max(64, { error: BOUND_RULE }).optional().meta({
      description:
        "Binds the key to one of its devices: the one that requests without a device mean (wuts and session dialects).",
    }),
    expires_at: z
      .string({ error: EXPIRY_RULE })
      .pipe(z.iso.datetime({ offset: true, error: EXPIRY_RULE }))
      .transform((text) => Date.parse(text))
      .optional()
      .meta({ description: "Never when absent." }),
  })
  .meta({ id: "CreateApiKey" });

const keyFields = {
  id: z.string().meta({ example: "key_0123456789abcdef" }),
  name: z.string(),
  state: z.enum(["active", "expired", "revoked"]),
  scopes: z.array(scope),
  devices: z.union([z.literal("*"), z.array(z.string())]),
  device_id: z.string().nullable(),
  created_at: instant,
  created_by: z.string().nullable().meta({
    description: "The id of the key that created it; null for the first one.",
  }),
  last_used_at: instant.nullable().meta({
    description:
      "The last request that carried it, also one that was refused; right within a minute.",
  }),
  expires_at: instant.nullable(),
  revoked_at: instant.nullable(),
};

/** The only answer that holds the key itself. */
export const createdApiKey = z
  .object({
    success: z.literal(true),
    ...keyFields,
    key: z.string().meta({ description: "Shown this once: only its digest is kept." }),
  })
  .meta({ id: "CreatedApiKey" });

export const apiKey = z.object({ success: z.literal(true), ...keyFields }).meta({ id: "ApiKey" });

export const apiKeyPage = z
  .object({
    success: z.literal(true),
    api_keys: z.array(z.object(keyFields)),
    next_cursor: z.string().nullable().meta({
      description: "A page may be shorter than asked for, even empty, and still have a next one.",
    }),
  })
  .meta({ id: "ApiKeyPage" });

export const apiKeyParams = z.strictObject({ id: z.string() });

/** `?cursor&limit` */
export const apiKeysQuery = z.strictObject({
  cursor: z
    .string({ error: CURSOR_RULE })
    .regex(/^key_[0-9a-f]{1,64}$/, { error: CURSOR_RULE })
    .optional(),
  limit: wholeNumber("limit", 200).meta({ description: "100 when absent." }),
});

export type ApiKeyBody = z.output<typeof apiKey>;
export type CreateApiKeyInput = z.output<typeof createApiKeyBody>;
