import { createHash } from "node:crypto";
import type { RawRow } from "./raw-row.ts";

/** The hash of a chunk and of all before it: hexadecimal. What is sent again is held against it. */
export type ChainHash = string;

export function nextHash(before: ChainHash, rows: readonly Pick<RawRow, "hashed">[]): ChainHash {
  const hash = createHash("sha256").update(before);
  return hash.update(rows.map((row) => `\n${row.hashed}`).join("")).digest("hex");
}
