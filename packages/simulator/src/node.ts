import type { BinaryNode } from "@whiskeysockets/baileys";

export type { BinaryNode } from "@whiskeysockets/baileys";

type Attrs = Record<string, string | number | undefined>;

/** One node of the wire tree; attributes that are undefined are left out, numbers are written as text. */
export function el(tag: string, attrs: Attrs = {}, content?: BinaryNode["content"]): BinaryNode {
  const written: Record<string, string> = {};
  for (const [name, value] of Object.entries(attrs))
    if (value !== undefined) written[name] = String(value);
  return content === undefined ? { tag, attrs: written } : { tag, attrs: written, content };
}

export function children(node: BinaryNode | undefined, tag?: string): BinaryNode[] {
  if (!Array.isArray(node?.content)) return [];
  const nodes = node.content.filter((item) => typeof item === "object" && "tag" in item);
  return tag === undefined ? nodes : nodes.filter((item) => item.tag === tag);
}

export const child = (node: BinaryNode | undefined, tag: string): BinaryNode | undefined =>
  children(node, tag)[0];

/** Text content may arrive as a string (token, packed) or as bytes. */
export function textOf(node: BinaryNode | undefined): string | undefined {
  const content = node?.content;
  if (content === undefined || Array.isArray(content)) return undefined;
  return typeof content === "string" ? content : Buffer.from(content).toString("utf8");
}

export function bytesOf(node: BinaryNode | undefined): Buffer | undefined {
  const content = node?.content;
  if (content === undefined || Array.isArray(content)) return undefined;
  return typeof content === "string" ? Buffer.from(content, "utf8") : Buffer.from(content);
}

/** Content of exactly `length` bytes, else undefined. */
export function bytesOfLength(node: BinaryNode | undefined, length: number): Buffer | undefined {
  const bytes = bytesOf(node);
  return bytes?.length === length ? bytes : undefined;
}

/** The big-endian number in a node's content (ids and registration ids). */
export function uintOf(node: BinaryNode | undefined): number | undefined {
  const bytes = bytesOf(node);
  return bytes === undefined || bytes.length === 0 || bytes.length > 4
    ? undefined
    : bytes.readUIntBE(0, bytes.length);
}

export function uintBytes(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}
