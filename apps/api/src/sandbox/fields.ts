/** Reading what another process says: a field that is not of its kind is as if absent. */
export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function nullableText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function nullableWhole(value: unknown): number | null {
  return Number.isInteger(value) ? Number(value) : null;
}
