/**
 * A JID names an account in one of two spaces: `pn` (phone number, `@s.whatsapp.net`) or `lid` (`@lid`).
 * A LID here is computed from the number and back, so no table has to survive a restart. It always has 16 digits:
 * more than any phone number, because the client compares users without looking at the server part.
 */
export type Space = "pn" | "lid";

export interface Address {
  /** The digits of the phone number, whichever space the JID was written in. */
  readonly number: string;
  /** 0 is the phone itself. */
  readonly device: number;
  readonly space: Space;
}

/** The server itself: a JID without a user. The client compares with this form. */
export const SERVER_JID = "@s.whatsapp.net";
const servers = { pn: "s.whatsapp.net", lid: "lid" } as const satisfies Record<Space, string>;
const lidDigits = 16;

export function formatJid({ number, device, space }: Address): string {
  const user = space === "lid" ? lidOf(number) : number;
  return `${user}${device === 0 ? "" : `:${device}`}@${servers[space]}`;
}

export const pnJid = (number: string, device = 0): string =>
  formatJid({ number, device, space: "pn" });
export const lidJid = (number: string, device = 0): string =>
  formatJid({ number, device, space: "lid" });

/** Accepts `digits[:device]@s.whatsapp.net` and `digits[:device]@lid`; anything else is undefined. */
export function parseJid(text: string | undefined): Address | undefined {
  const parts = /^(\d{1,20})(?:_\d+)?(?::(\d{1,2}))?@(s\.whatsapp\.net|c\.us|lid)$/.exec(
    text ?? "",
  );
  const user = parts?.[1];
  if (parts === null || user === undefined) return undefined;
  const space = parts[3] === "lid" ? "lid" : "pn";
  const number = space === "lid" ? numberOfLid(user) : user;
  return number === undefined ? undefined : { number, device: Number(parts[2] ?? 0), space };
}

/** Digits of a number as people write them: `+1 (555) 010-0001`. Undefined when it is no phone number. */
export function parseNumber(text: string): string | undefined {
  const digits = text.replaceAll(/[\s+().-]/g, "");
  return /^[1-9]\d{4,14}$/.test(digits) ? digits : undefined;
}

export function lidOf(number: string): string {
  const digits = number.padStart(lidDigits - 1, "0").split("");
  return `9${digits.map((digit, at) => (Number(digit) * 7 + 3 + at) % 10).join("")}`;
}

export function numberOfLid(lid: string): string | undefined {
  if (lid.length !== lidDigits || !lid.startsWith("9")) return undefined;
  const digits = lid
    .slice(1)
    .split("")
    .map((digit, at) => ((((Number(digit) - 3 - at) % 10) + 10) * 3) % 10);
  const number = digits.join("").replace(/^0+/, "");
  return number === "" ? undefined : number;
}
