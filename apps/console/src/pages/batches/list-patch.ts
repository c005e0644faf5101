import type { PomboEvent } from "@pombo/sdk";
import type { Batch, Counts } from "./outcome.ts";

/** What events have said of batches since they were asked for. */
export type Patches = ReadonlyMap<
  string,
  { readonly status: Batch["status"]; readonly counts: Counts }
>;

/** The newest word of each batch wins: events come in order. */
export function patchesOf(known: Patches, events: readonly PomboEvent[]): Patches {
  const next = new Map(known);
  for (const { type, data } of events) {
    const { batch_id: id, batch_status: status, counts } = data;
    if (!type.startsWith("batch.") || typeof id !== "string") continue;
    if (typeof status !== "string" || typeof counts !== "object" || counts === null) continue;
    next.set(id, { status: status as Batch["status"], counts: counts as Counts });
  }
  return next;
}

/** Rows as they are now, in their order. */
export function patched<Row extends Pick<Batch, "batch_id" | "status" | "counts">>(
  rows: readonly Row[],
  patches: Patches,
): readonly Row[] {
  return rows.map((row) => {
    const patch = patches.get(row.batch_id);
    return patch === undefined ? row : { ...row, ...patch };
  });
}
