import { z } from "zod";
import { instant } from "./message.ts";
import { codePoints, isCarriable } from "./text-rules.ts";

const LONGEST_NAME = 255;
const NAME_RULE = `file_name must be between 1 and ${LONGEST_NAME} characters`;

export const mediaParams = z.strictObject({ id: z.string() });

/** `?file_name=invoice.pdf` */
export const newMediaQuery = z.strictObject({
  file_name: z
    .string({ error: NAME_RULE })
    .refine((name) => codePoints(name) >= 1 && codePoints(name) <= LONGEST_NAME, {
      error: NAME_RULE,
    })
    .refine(isCarriable, { error: NAME_RULE })
    .optional()
    .meta({ description: "What recipients of a document see; a form names its file itself." }),
});

export const media = z
  .object({
    success: z.literal(true),
    media_id: z.string().meta({ example: "med_0123456789abcdef0123456789abcdef" }),
    mime_type: z.string(),
    bytes: z.int(),
    sha256: z.string().meta({ description: "Of the bytes; hexadecimal." }),
    file_name: z.string().nullable(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    seconds: z.int().nullable(),
    created_at: instant,
  })
  .meta({ id: "Media" });

export const deletedMedia = z.object({ success: z.literal(true), media_id: z.string() });

export type MediaBody = z.output<typeof media>;
