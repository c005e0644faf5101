/** A place in the event log: `<ms>-<number>`, growing. */
const CURSOR = /^[0-9]{1,16}-[0-9]{1,16}$/;

/** Before everything. */
export const FIRST_CURSOR = "0-0";

export function isCursor(text: string): boolean {
  return CURSOR.test(text);
}

/** Negative when `a` stands before `b`. */
export function compareCursors(a: string, b: string): number {
  const [aMs = 0, aNumber = 0] = a.split("-").map(Number);
  const [bMs = 0, bNumber = 0] = b.split("-").map(Number);
  return aMs - bMs || aNumber - bNumber;
}
