import { randomBytes } from "node:crypto";

/** For an Idempotency-Key. */
export function randomKey(): string {
  return `cli-${randomBytes(12).toString("hex")}`;
}
