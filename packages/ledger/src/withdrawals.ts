import { type DeviceId, ENTRANCES, type MessageId, type MessageStatus, rowOf } from "@pombo/domain";
import { originList } from "./attempts.ts";
import type { BatchRows } from "./batch-rows.ts";
import type { Run } from "./scripts.ts";

export type Canceled =
  | { readonly kind: "canceled"; readonly version: number }
  | { readonly kind: "refused"; readonly status: MessageStatus }
  | { readonly kind: "absent" };

/** What a user takes back, or gives to another phone number. */
export interface Withdrawals {
  cancel(id: MessageId, now: number): Promise<Canceled>;
  /** What waits under an earlier phone number, all of it; how many messages moved. */
  moveGenerations(
    deviceId: DeviceId,
    what: "release" | "discard",
    at: { readonly now: number; readonly generation: number },
  ): Promise<number>;
}

const PER_CALL = 200;

export function withdrawals({
  run,
  undrawnRows,
}: Pick<BatchRows, "undrawnRows"> & { readonly run: Run }): Withdrawals {
  const origins = originList(ENTRANCES.canceled.command);

  /** Of a row that waits in its batch; undefined for all others. */
  async function leave(id: MessageId, now: number): Promise<Canceled | undefined> {
    const [waiting] = await undrawnRows([id]);
    if (waiting === undefined) return undefined;
    const { batchId, row } = rowOf(id);
    const [kind, value] = (await run("leave-batch", batchId, row, now, "", "")) as [
      "done" | "moved" | "refused",
      (string | number)?,
    ];
    if (kind === "moved") return undefined;
    return kind === "done"
      ? { kind: "canceled", version: Number(value) }
      : { kind, status: value as MessageStatus };
  }

  async function cancelDrawn(id: MessageId, now: number): Promise<Canceled> {
    const [kind, value] = (await run("cancel", id, now, origins)) as [
      Canceled["kind"],
      (string | number)?,
    ];
    switch (kind) {
      case "canceled":
        return { kind, version: Number(value) };
      case "refused":
        return { kind, status: value as MessageStatus };
      case "absent":
        return { kind };
    }
  }

  return {
    async cancel(id, now) {
      const canceled = await cancelDrawn(id, now);
      if (canceled.kind !== "absent") return canceled;
      // It may have been drawn in between.
      return (await leave(id, now)) ?? cancelDrawn(id, now);
    },
    async moveGenerations(deviceId, what, { now, generation }) {
      let moved = 0;
      for (let from = 1; from < generation; from += 1) {
        let cursor = "0";
        let more = true;
        while (more) {
          const step = [deviceId, from, what, now, PER_CALL, origins, cursor] as const;
          // oxlint-disable-next-line no-await-in-loop -- one bounded step after the other
          const reply = await run("move-generation", ...step);
          const [count, seen, next] = reply as [number, number, string];
          moved += count;
          cursor = next;
          more = seen > 0;
        }
      }
      return moved;
    },
  };
}
