const LONGEST_TEXT = 200;
const SHOWN_TEXT = 40;
const SECRET_NAME = /secret|token|password|authorization|credential|api_?key|base64|pairing/i;
const DATA_URI = /^data:[^,]{0,100};base64,/i;
/** How it begins says enough: a pattern for all of it runs out of stack over a few megabytes. */
const BASE64 = /^[A-Za-z0-9+/_-]{64}/;

/**
 * The rejected value as it may be echoed: null when absent; secrets and base64 never, long texts and structures shortened,
 * so that an answer stays small and holds nothing that does not belong in a log.
 */
export function elide(field: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (SECRET_NAME.test(field)) return "[elided]";
  if (typeof value === "string") return elideText(value);
  if (typeof value !== "object") return value;
  return Array.isArray(value)
    ? `[elided: array of ${value.length}]`
    : `[elided: object of ${Object.keys(value).length}]`;
}

function elideText(text: string): string {
  if (DATA_URI.test(text) || BASE64.test(text)) return "[elided]";
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, SHOWN_TEXT).toWellFormed()}… (${text.length} characters)`;
}
