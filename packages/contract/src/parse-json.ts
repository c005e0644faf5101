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

/** Walks the tokens of a text that is known to be valid JSON. */
function findAmbiguity(text: string): string | undefined {
  const open: Around[] = [];
  let before = "";
  for (let index = 0; index < text.length; index += 1) {
    const mark = text.charAt(index);
    if (mark === '"') {
      const end = endOfString(text, index);
      const around = before === "{" || before === "," ? open.at(-1) : undefined;
      const detail = refuseKey(text.slice(index, end), around);
      if (detail !== undefined) return detail;
      index = end - 1;
    } else enterOrLeave(mark, open);
    if (open.length > DEEPEST) return "is nested too deeply";
    if (mark.trim() !== "") before = mark;
  }
  return undefined;
}

function enterOrLeave(mark: string, open: Around[]): void {
  if (mark === "{") open.push(new Set());
  else if (mark === "[") open.push("list");
  else if (mark === "}" || mark === "]") open.pop();
}

/** A string is a key when it begins a member of an object. */
function refuseKey(quoted: string, around: Around | undefined): string | undefined {
  if (around === undefined || around === "list") return undefined;
  const key = JSON.parse(quoted) as string;
  if (key === "__proto__") return 'has the key "__proto__"';
  if (around.has(key)) return "has the same key twice";
  around.add(key);
  return undefined;
}

/** The place after the closing quote. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (text.charAt(index) !== '"') index += text.charAt(index) === "\\" ? 2 : 1;
  return index + 1;
}
