export type ParsedJson =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "undecodable"; readonly detail?: string };

const DEEPEST = 64;

/**
 * Reads JSON that means one thing only: a repeated key, `__proto__` as a key or absurd nesting are refused,
 * since other readers of the same text would see something else.
 * @param name what the text is called where it is refused
 */
export function parseJson(text: string, name = "The request body"): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.trim() === ""
      ? { kind: "undecodable", detail: `${name} is empty` }
      : { kind: "undecodable" };
  }
  const ambiguity = findAmbiguity(text);
  return ambiguity === undefined
    ? { kind: "json", value }
    : { kind: "undecodable", detail: `${name} ${ambiguity}` };
}

/** What is open around a token: the keys seen so far of an object, or a list. */
type Around = Set<string> | "list";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const SPACE = 0x20;

/** Walks the tokens of a text that is known to be valid JSON. */
function findAmbiguity(text: string): string | undefined {
  const open: Around[] = [];
  let before = 0;
  for (let index = 0; index < text.length; index += 1) {
    const mark = text.charCodeAt(index);
    if (mark === QUOTE) {
      const end = endOfString(text, index);
      const around = before === OPEN || before === COMMA ? open.at(-1) : undefined;
      const detail = refuseKey(text, { start: index, end, around });
      if (detail !== undefined) return detail;
      index = end - 1;
    } else enterOrLeave(mark, open);
    if (open.length > DEEPEST) return "is nested too deeply";
    // What stands between tokens is a space or below it.
    if (mark > SPACE) before = mark;
  }
  return undefined;
}

function enterOrLeave(mark: number, open: Around[]): void {
  if (mark === OPEN) open.push(new Set());
  else if (mark === OPEN_LIST) open.push("list");
  else if (mark === CLOSE || mark === CLOSE_LIST) open.pop();
}

/** A string is a key when it begins a member of an object. */
function refuseKey(
  text: string,
  {
    start,
    end,
    around,
  }: { readonly start: number; readonly end: number; readonly around: Around | undefined },
): string | undefined {
  if (around === undefined || around === "list") return undefined;
  const bare = text.slice(start + 1, end - 1);
  const key = bare.includes("\\") ? (JSON.parse(`"${bare}"`) as string) : bare;
  if (key === "__proto__") return 'has the key "__proto__"';
  if (around.has(key)) return "has the same key twice";
  around.add(key);
  return undefined;
}

/** The place after the closing quote: the first one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  let quote = start;
  for (;;) {
    quote = text.indexOf('"', quote + 1);
    let back = quote;
    while (text.charCodeAt(back - 1) === BACKSLASH) back -= 1;
    if ((quote - back) % 2 === 0) return quote + 1;
  }
}
