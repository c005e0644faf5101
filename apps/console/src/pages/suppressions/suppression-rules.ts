/** Where an entry came from, by what is kept of it: an API key, or the device that somebody opted out with. */
export function sourceOf(
  addedBy: string | null,
  names: ReadonlyMap<string, string>,
): { readonly says: string; readonly device?: string } {
  if (addedBy === null) return { says: "Not known" };
  const name = names.get(addedBy) ?? addedBy;
  return addedBy.startsWith("dev_")
    ? { says: `Wrote it to ${name}`, device: addedBy }
    : { says: `Key ${name}` };
}

export const REASONS = {
  manual: "Nothing is sent",
  opt_out: "Opted out; one-time passwords may still go",
} as const;

/** A number as people write it, without what is only for reading; empty when it can't be one. */
export function readNumber(text: string): string {
  const given = text.trim();
  if (given.includes("@")) return given;
  const digits = given.replaceAll(/[^0-9]/g, "");
  return /^[+0-9 ().-]+$/.test(given) && digits.length >= 6 ? digits : "";
}

/** Numbers, one a line or with commas between. */
export function readNumbers(text: string): readonly string[] {
  return text
    .split(/[\n,;]+/)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** The number that the address asks for: in its fragment, which no server and no log sees. */
export function numberOf(hash: string): string {
  return readNumber(new URLSearchParams(hash.replace(/^#/, "")).get("to") ?? "");
}

interface Added {
  readonly added: number;
  readonly changed: number;
  readonly already: number;
}

/** What adding did: "Added 2, made 1 stricter; 3 were there." */
export function addedText({ added, changed, already }: Added, invalid = 0): string {
  const parts = [
    `Added ${added}`,
    ...(changed === 0 ? [] : [`${changed} opted out before and now get nothing at all`]),
    ...(already === 0 ? [] : [`${already} ${already === 1 ? "was" : "were"} there`]),
    ...(invalid === 0 ? [] : [`${invalid} could not be read`]),
  ];
  return `${parts.join("; ")}.`;
}
