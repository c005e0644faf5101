import { parseRecipient, type Recipient } from "@pombo/domain";
import { z } from "zod";
import { issueOf } from "./validation.ts";

/** The sentences of a dialect about a field that names a recipient. */
export interface RecipientRules {
  readonly missing: string;
  /** A text that is no phone number and no JID. */
  readonly wrong: (why: string) => string;
}

const LONGEST = 64;

/** A phone number or a JID, under the name and with the sentences of a dialect; parsing turns it into the recipient. */
export function dialectRecipient({ missing, wrong }: RecipientRules) {
  return z
    .string({ error: missing })
    .transform((text, context): Recipient => {
      if (text.trim() === "") return refuse(context, "VALIDATION_ERROR", [missing, text]);
      if (text.length > LONGEST)
        return refuse(context, "VALIDATION_ERROR", [
          wrong(`must be at most ${LONGEST} characters`),
          text,
        ]);
      const parsed = parseRecipient(text);
      if (parsed.kind === "refused")
        return refuse(context, parsed.code, [wrong(parsed.message), text]);
      return parsed.recipient;
    })
    .meta({ example: "5511999999999" });
}

function refuse(
  context: z.core.$RefinementCtx,
  code: "VALIDATION_ERROR" | "INVALID_CHAT_JID",
  [message, input]: readonly [string, string],
): never {
  context.issues.push(issueOf(code, message, input));
  return z.NEVER;
}
