/** Optional, so that a link may leave them out. */
export type SearchTexts = { readonly [name in string]?: string | undefined };

/** Search parameters are plain texts: `?status=failed&device=dev_1`. The URL is the state of a page, and people read and write it. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function writeSearch(search: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(search).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
  );
  const text = new URLSearchParams(given).toString();
  return text === "" ? "" : `?${text}`;
}
