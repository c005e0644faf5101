import {
  type BatchSettings,
  CHUNK_ROWS,
  type MessageId,
  type PackedRow,
  rowMessageId,
} from "@pombo/domain";
import type { ScriptArgument } from "@pombo/redis";
import { createHash } from "node:crypto";
import type { BatchRecord } from "./batch-record.ts";

export interface Claims {
  /** Bucket, digest and row of what must not come twice. */
  readonly claims: readonly ScriptArgument[];
  readonly duplicates: readonly { readonly row: number; readonly messageId: MessageId }[];
}

/** What the rows of a chunk must have alone, and which of them have it from an earlier one of the same chunk. */
export function claimsOf(
  { id, settings }: Pick<BatchRecord, "id" | "settings">,
  { index, rows }: { readonly index: number; readonly rows: readonly (PackedRow | null)[] },
): Claims {
  const first = index * CHUNK_ROWS + 1;
  const owners = new Map<string, number>();
  const duplicates: { readonly row: number; readonly messageId: MessageId }[] = [];
  for (const [at, row] of rows.entries()) {
    const value = row === null ? undefined : uniqueOf(row, settings);
    if (value === undefined) continue;
    const owner = owners.get(value);
    if (owner === undefined) owners.set(value, first + at);
    else duplicates.push({ row: first + at, messageId: rowMessageId(id, owner) });
  }
  const claims = [...owners].flatMap(([value, row]) => [...Object.values(placeOf(value)), row]);
  return { claims, duplicates };
}

function uniqueOf({ to, clientRef }: PackedRow, { dedupe }: BatchSettings): string | undefined {
  if (dedupe === "none") return undefined;
  return dedupe === "recipient" ? to : clientRef;
}

/** Which index a batch's rows must be alone in. */
export function scopeOf({
  id,
  keyId,
  settings,
}: Pick<BatchRecord, "id" | "keyId" | "settings">): string {
  return settings.dedupe === "recipient" ? id : keyId;
}

/** Redis keeps small hashes compactly: an index of a million has some 250 entries in each. */
const BUCKETS = 4_096;

/** Ten bytes are enough: two of 2^40 values are alike with a chance of one in two. */
export function placeOf(value: string): { readonly bucket: number; readonly digest: string } {
  const hash = createHash("sha256").update(value).digest();
  return {
    bucket: hash.readUInt16BE(30) % BUCKETS,
    digest: hash.subarray(0, 10).toString("base64url"),
  };
}
