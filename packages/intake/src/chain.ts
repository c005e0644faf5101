import { createHash } from "node:crypto";
import type { RawRow } from "./raw-row.ts";

/** The hash of a chunk and of all before it: hexadecimal. What is sent again is held against it. */
export type ChainHash = string;

export interface Chain {
  add(row: Pick<RawRow, "hashed">): void;
  /** Ends a chunk. */
  next(): ChainHash;
}

/** So much is hashed at once: long rows must not hold up others, and short ones not cost a call each. */
const STRETCH_CHARS = 32_768;

/** @param seed what the first chunk is chained to */
export function openChain(seed: ChainHash): Chain {
  let hash = createHash("sha256").update(seed);
  let text = "";
  return {
    add({ hashed }) {
      text += `\n${hashed}`;
      if (text.length < STRETCH_CHARS) return;
      hash.update(text);
      text = "";
    },
    next() {
      const ended = hash.update(text).digest("hex");
      hash = createHash("sha256").update(ended);
      text = "";
      return ended;
    },
  };
}
