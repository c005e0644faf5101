import { z } from "zod";

const RULE = "Idempotency-Key must be 1 to 255 visible ASCII characters";

/** `Idempotency-Key` of a request that creates something. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, { error: RULE })
  .meta({
    description:
      "Makes the request safe to repeat: the same key and body answers what the first one answered. Kept for 24 hours.",
    example: "order-1234",
  });
