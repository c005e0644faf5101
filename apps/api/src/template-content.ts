import { type Problem, rowContent, validate } from "@pombo/contract";
import { compileTemplate, MEDIA_KINDS, type MessageContent, type Settings } from "@pombo/domain";
import type { GivenTemplate } from "@pombo/intake";
import { plainContent } from "@pombo/contract";
import type { Caller } from "./authenticate.ts";
import { randomBytes } from "./random-bytes.ts";
import { stageMedia, type StageDeps } from "./stage-media.ts";

export interface TemplateWanted {
  /** One that `openRules` has taken. */
  readonly template: GivenTemplate;
  readonly caller: Caller;
  /** When the batch may go, ms since the epoch: its media is kept beyond that. */
  readonly goesAt: number;
}

export type TemplateContent =
  | { readonly kind: "content"; readonly content: MessageContent }
  | { readonly kind: "refused"; readonly problem: Problem };

/** The content that a batch keeps in place of one for each row: its words, and the address of its file, still have their places. */
export async function templateContent(
  { template, caller, goesAt }: TemplateWanted,
  deps: StageDeps,
): Promise<TemplateContent> {
  const given = typeof template === "string" ? { text: template } : template;
  const parsed = parsedOf(given, deps.settings);
  if (parsed === undefined) throw new Error("the template was not looked at");
  const kept = withPlaces(parsed, given) as typeof parsed;
  const extras = {
    ...(kept.mentions === undefined ? {} : { mentions: kept.mentions }),
    ...(kept.typing_ms === undefined || kept.typing_ms === 0 ? {} : { typingMs: kept.typing_ms }),
  };
  const kind = MEDIA_KINDS.find((name) => kept[name] !== undefined);
  const file = kind && kept[kind];
  if (kind === undefined || file === undefined)
    return { kind: "content", content: { ...plainContent(kept, pollSecret), ...extras } };
  const staged = await stageMedia({ kind, file, caller, goesAt }, deps);
  if (staged.kind === "refused") return staged;
  return { kind: "content", content: { ...staged.content, ...extras } };
}

/** Values that may stand for those of any row: what one of them makes right may be right. */
const SAMPLES = ["https://example.com/", "1"];

/** The template as the rules of a single send read it, with values in its places. */
function parsedOf(given: Readonly<Record<string, unknown>>, settings: Settings) {
  const compiled = compileTemplate(given);
  if (compiled.kind === "malformed") return undefined;
  const { columns, render } = compiled.template;
  for (const sample of SAMPLES) {
    const validated = validate(rowContent(settings), render(columns.map((_, at) => sample + at)));
    if (validated.kind === "valid") return validated.value;
  }
  return undefined;
}

/** What was parsed, but the texts with places as they were given. */
function withPlaces(parsed: unknown, given: unknown): unknown {
  if (typeof given === "string") return given.includes("{{") ? given : parsed;
  if (typeof parsed !== "object" || parsed === null) return parsed;
  const source = new Map<string, unknown>(Object.entries(given ?? {}));
  if (Array.isArray(parsed))
    return parsed.map((item, at) => withPlaces(item, source.get(String(at))));
  return Object.fromEntries(
    Object.entries(parsed).map(([key, value]) => [key, withPlaces(value, source.get(key))]),
  );
}

function pollSecret(): string {
  return randomBytes(32).toString("base64");
}
