import {
  type CodedEntry,
  elide,
  type Problem,
  rowContent,
  textRule,
  validateRow,
  type ValidationEntry,
} from "@pombo/contract";
import { compileTemplate, type Settings } from "@pombo/domain";

/** The template of a batch as it is given: a text, or an object with one content as of `POST /v1/messages`. */
export type GivenTemplate = string | Readonly<Record<string, unknown>>;

export interface RowTemplate {
  /** What the values of a row stand for, in their order. */
  readonly columns: readonly string[];
  /** What is wrong with the content that it makes of these values, held against the rules of a single send. */
  check(values: readonly string[]): readonly CodedEntry[];
  /** The content that it makes of these values, as a single send would have it. */
  render(values: readonly string[]): Readonly<Record<string, unknown>>;
}

export type OpenedTemplate =
  | { readonly kind: "template"; readonly template: RowTemplate }
  | { readonly kind: "refused"; readonly problem: Problem };

type Content = Readonly<Record<string, unknown>>;

/** Where a value may go: words, and addresses of files. */
const PLACES =
  /^(?:text|(?:image|video|audio|document|sticker)\.(?:url|caption|file_name)|location\.(?:name|address)|contact\.(?:name|organization)|poll\.(?:question|options\.[0-9]+))$/;
/** These mean one message of one chat. */
const OF_ONE_CHAT = ["reaction", "quoted"];

/** A template without rows is judged by values that may stand for any other: what one of them makes right may be right. */
const SAMPLES = ["https://example.com/", "1"];

/** Compiles a template, and refuses one that no row could make right. */
export function openTemplate(given: GivenTemplate, settings: Settings): OpenedTemplate {
  const content: Content = typeof given === "string" ? { text: given } : given;
  const compiled = compileTemplate(content);
  if (compiled.kind === "malformed")
    return refuse(given, [{ ...compiled, says: compiled.message }]);
  const { columns, places, render } = compiled.template;
  const misplaced = [
    ...OF_ONE_CHAT.filter((key) => Object.hasOwn(content, key)).map((path) => ({
      path,
      says: "can't be the same for many recipients",
    })),
    ...places
      .filter((path) => !PLACES.test(path))
      .map((path) => ({ path, says: "can't name columns: texts, names and file addresses can" })),
  ];
  if (misplaced.length > 0) return refuse(given, misplaced);
  const schema = rowContent(settings);
  const isRight = Object.keys(content).join() === "text" ? rightText(settings) : undefined;
  const check = (values: readonly string[]): readonly CodedEntry[] => {
    const made = render(values);
    if (isRight?.(made) === true) return [];
    const validated = validateRow(schema, made);
    return validated.kind === "valid" ? [] : validated.entries;
  };
  const [first = [], ...others] = SAMPLES.map((sample) =>
    check(columns.map((_, index) => sample + index)),
  );
  const always = first.filter((entry) =>
    others.every((entries) => entries.some(({ field }) => field === entry.field)),
  );
  return always.length > 0
    ? refuse(
        given,
        always.map(({ field: path, message }) => ({ path, message })),
      )
    : { kind: "template", template: { columns, check, render } };
}

/** Nearly all templates are a text: its own rule costs a tenth of what those of all contents do. */
function rightText(settings: Settings): (content: Content) => boolean {
  const rule = textRule(settings);
  return ({ text }) => rule.safeParse(text).success;
}

interface Fault {
  /** in the content */
  readonly path: string;
  /** What goes on from the name of the field, or a sentence by itself. */
  readonly says?: string;
  readonly message?: string;
}

function refuse(given: GivenTemplate, faults: readonly Fault[]): OpenedTemplate {
  const validation = faults.map(({ path, says, message = "" }): ValidationEntry => {
    const field = typeof given === "string" ? "template" : `template.${path}`;
    const told = says === undefined ? message : `${field} ${says}`;
    const value = typeof given === "string" ? given : valueAt(given, path);
    return { field, message: told, value: elide(field, value) };
  });
  return { kind: "refused", problem: { code: "VALIDATION_ERROR", validation } };
}

function valueAt(content: unknown, path: string): unknown {
  let value = content;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = new Map<string, unknown>(Object.entries(value)).get(key);
  }
  return value;
}
