import { isMedia, type MessageContent } from "./content.ts";
import type { MediaId, MessageId } from "./id.ts";

/**
 * Texts with places for a row's values: `{{column}}`. Space inside the braces does not count. `\{{` is `{{` itself, and `\\{{column}}` a
 * backslash before a value. A value is put in as it is: braces inside it mean nothing.
 */
export interface Template<Value> {
  /** The columns that it names, each once, by code units: the same for the same template in another form. */
  readonly columns: readonly string[];
  /** The paths of the texts that name any, like `image.caption`; "" for a text by itself. */
  readonly places: readonly string[];
  /** @param values in the order of `columns` */
  readonly render: (values: readonly string[]) => Value;
}

export type CompiledTemplate<Value> =
  | { readonly kind: "template"; readonly template: Template<Value> }
  | { readonly kind: "malformed"; readonly path: string; readonly message: string };

/** Compiles a text, or any JSON value whose texts are templates; the names of its fields are none. */
export function compileTemplate<Value>(value: Value): CompiledTemplate<Value> {
  const named: Named = { columns: [], places: [] };
  const found = compileValue(value, "", named);
  if (found.kind === "malformed") return found;
  const columns = named.columns.toSorted();
  const compiled = compileValue(value, "", { columns, places: [] });
  if (compiled.kind === "malformed") return compiled;
  const { fill } = compiled;
  const { places } = named;
  return {
    kind: "template",
    template: { columns, places, render: (values) => fill(values) as Value },
  };
}

/**
 * Compiles the content of a batch: what a row says, by its values and its message id. A file whose address has places is another file for
 * each row. Throws for a template that is malformed.
 */
export function compileContent(
  template: MessageContent,
): (values: readonly string[], messageId: MessageId) => MessageContent {
  const compiled = compileTemplate(template);
  if (compiled.kind === "malformed") throw new Error(`${compiled.path} ${compiled.message}`);
  const { places, render } = compiled.template;
  if (!places.includes("media.url")) return render;
  return (values, messageId) => withOwnFile(render(values), messageId);
}

/** Stands in a row for a file that will be fetched for it alone. */
export const FILE_OF_ROW = "med_0000000000000000" as MediaId;

/** A content whose file, if it is still to be fetched, is that of this message: the same at every try, and of no other. */
export function withOwnFile(content: MessageContent, messageId: MessageId): MessageContent {
  if (!isMedia(content) || content.media.url === undefined) return content;
  const id = `med_${messageId.toLowerCase()}` as MediaId;
  return { ...content, media: { ...content.media, id } };
}

/** A column's name as it is compared: the same letters may come in two forms. */
export function columnName(text: string): string {
  return text.trim().normalize("NFC");
}

interface Named {
  readonly columns: string[];
  readonly places: string[];
}

type Fill = (values: readonly string[]) => unknown;

type Compiled =
  | { readonly kind: "filled"; readonly fill: Fill }
  | { readonly kind: "malformed"; readonly path: string; readonly message: string };

function compileValue(value: unknown, path: string, named: Named): Compiled {
  if (typeof value === "string") return compileText(value, path, named);
  if (typeof value !== "object" || value === null) return { kind: "filled", fill: () => value };
  const members: [key: string, fill: Fill][] = [];
  for (const [key, member] of Object.entries(value)) {
    const compiled = compileValue(member, path === "" ? key : `${path}.${key}`, named);
    if (compiled.kind === "malformed") return compiled;
    members.push([key, compiled.fill]);
  }
  return Array.isArray(value)
    ? { kind: "filled", fill: (values) => members.map(([, fill]) => fill(values)) }
    : {
        kind: "filled",
        fill: (values) => Object.fromEntries(members.map(([key, fill]) => [key, fill(values)])),
      };
}

/** An escaped backslash, escaped braces, a place, or braces that are neither. */
const MARKS = /\\\\(?=\{\{)|\\\{\{|\{\{([^{}]*)\}\}|\{\{/g;

function compileText(text: string, path: string, named: Named): Compiled {
  const parts: (string | number)[] = [];
  let end = 0;
  for (const { 0: mark, 1: inside, index } of text.matchAll(MARKS)) {
    parts.push(text.slice(end, index));
    end = index + mark.length;
    if (mark.startsWith("\\")) {
      parts.push(mark.slice(1));
      continue;
    }
    if (inside === undefined) return malformed(path, "has {{ without }}; \\{{ stands for {{");
    const name = columnName(inside);
    if (name === "") return malformed(path, "has {{}} without the name of a column");
    parts.push(placeOf(name, named.columns));
  }
  parts.push(text.slice(end));
  if (parts.some((part) => typeof part === "number")) named.places.push(path);
  const used = parts.filter((part) => part !== "");
  return { kind: "filled", fill: (values) => fillText(used, values) };
}

function placeOf(name: string, columns: string[]): number {
  const known = columns.indexOf(name);
  return known === -1 ? columns.push(name) - 1 : known;
}

function fillText(parts: readonly (string | number)[], values: readonly string[]): string {
  let text = "";
  for (const part of parts) text += typeof part === "string" ? part : (values[part] ?? "");
  return text;
}

function malformed(path: string, message: string): Compiled {
  return { kind: "malformed", path, message };
}
