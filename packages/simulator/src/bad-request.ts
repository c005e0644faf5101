/** A wish that cannot be fulfilled as put; the message is for the person who put it. */
export class BadRequest extends Error {
  readonly status: number;
  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export type Fields = Readonly<Record<string, unknown>>;

/** An object with no other fields than those named. */
export function fieldsOf(input: unknown, what: string, names: readonly string[]): Fields {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw new BadRequest(`${what} must be an object`);
  const unknown = Object.keys(input).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new BadRequest(
      `${what} has unknown fields: ${unknown.join(", ")} (known: ${names.join(", ")})`,
    );
  }
  return input as Fields;
}

export function integerOf(
  value: unknown,
  what: string,
  [least, most]: readonly [number, number],
): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw new BadRequest(`${what} must be a whole number from ${least} to ${most}`);
  }
  return value;
}

export function textIn(value: unknown, what: string, most: number): string {
  if (typeof value !== "string" || value.length === 0 || value.length > most) {
    throw new BadRequest(`${what} must be a text of 1 to ${most} characters`);
  }
  return value;
}

export function switchOf(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw new BadRequest(`${what} must be true or false`);
  return value;
}
