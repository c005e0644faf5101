import { BadRequest } from "./bad-request.ts";
import { parseNumber } from "./jid.ts";

/** Digits of a number as people write it. Throws {@link BadRequest}. */
export function numberOf(text: string): string {
  const number = parseNumber(text);
  if (number === undefined)
    throw new BadRequest(`not a phone number: it needs 5 to 15 digits with country code`);
  return number;
}
