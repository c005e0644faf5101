/**
 * Masks what identifies a person or opens a door inside a text: phone numbers (any run of 8 to 15 digits, and international
 * numbers with separators) down to their last four digits, API keys, bearer tokens, passwords in URLs, credential keys.
 * Message and device ids stay readable: nothing could be followed through the log without them.
 */
export function mask(text: string): string {
  if (!SUSPECT.test(text) || ID.test(text)) return text;
  return text.replaceAll(TELLING, (match: string): string => {
    if (ID.test(match)) return match;
    const secret = SECRETS.find((row) => row.pattern.test(match));
    return secret === undefined ? lastFour(match) : secret.becomes;
  });
}

/** `…1234`; what has no more than four digits shows none of them. */
export function lastFour(text: string): string {
  const digits = text.replaceAll(/\D/g, "");
  return digits.length > 4 ? `…${digits.slice(-4)}` : "…";
}

const ID =
  /^(?:3EB0[0-9A-F]{18}|(?:dev|key|wh)_[0-9a-z]{8,32}(?:_[0-9]{1,15}-[0-9]{1,9})?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const SECRETS = [
  { pattern: /^pombo_/, becomes: "pombo_…" },
  { pattern: /^bearer/i, becomes: "Bearer …" },
  { pattern: /^:\/\//, becomes: "://…@" },
  { pattern: /^k[0-9]+:/, becomes: "k…" },
] as const;

const PARTS = [
  String.raw`(?<![0-9A-Za-z])3EB0[0-9A-F]{18}(?![0-9A-Za-z])`, // message id
  String.raw`\b(?:dev|key|wh)_[0-9a-z]{8,32}(?:_[0-9]{1,15}-[0-9]{1,9})?\b`, // device, API key's id, endpoint, delivery
  String.raw`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`, // UUID
  String.raw`pombo_\w[\w-]*`, // API key
  String.raw`\bbearer\s+\S+`, // token
  String.raw`://[^\s/@]*@`, // user and password of a URL
  String.raw`\bk[0-9]+:[A-Za-z0-9+/_-]{40,}=*`, // key that encrypts credentials
  String.raw`\+[0-9](?:[ ().-]{0,2}[0-9]){7,14}(?![0-9])`, // phone number, written out
  String.raw`(?<![0-9])[0-9]{8,15}(?![0-9])`, // phone number
];
/** Whatever {@link TELLING} finds has one of these: a cheap look that clears most texts. */
const SUSPECT = /[0-9][0-9 ().-]{6}|3EB0|(?:dev|key|pombo)_|bearer|:\/\/|[0-9a-f]{8}-|k[0-9]+:/i;
const TELLING = new RegExp(PARTS.join("|"), "giu");
