import type { Example } from "./read-examples.ts";

/** How an output differs from what a guide shows, or undefined. `…` stands for anything; of JSON only what is shown must be there. */
export function differs(output: string, expected: Example["expected"]): string | undefined {
  if (expected === undefined) return undefined;
  const shown = expected.text.trim();
  if (expected.as === "text")
    return fits(output.trim(), shown) ? undefined : `came out:\n${output.trim()}\nshown:\n${shown}`;
  try {
    const where = differsAt(JSON.parse(output), JSON.parse(shown), "");
    return where === undefined
      ? undefined
      : `${where} is not as shown; came out:\n${output.trim()}`;
  } catch {
    return `is no JSON:\n${output.trim()}`;
  }
}

function fits(text: string, shown: string): boolean {
  const parts = shown.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}

function differsAt(real: unknown, shown: unknown, place: string): string | undefined {
  if (typeof shown === "string")
    return typeof real === "string" && fits(real, shown) ? undefined : place || "it";
  if (typeof shown !== "object" || shown === null)
    return real === shown ? undefined : place || "it";
  if (typeof real !== "object" || real === null) return place || "it";
  for (const [name, value] of Object.entries(shown)) {
    const where = differsAt((real as Record<string, unknown>)[name], value, `${place}/${name}`);
    if (where !== undefined) return where;
  }
  return undefined;
}
