import type { PomboEvent } from "@pombo/sdk";
import { expect, test } from "vitest";
import { patched, patchesOf } from "./list-patch.ts";

const COUNTS = { accepted: 2, queued: 2 };
const event = (type: string, data: object): PomboEvent => ({
  type,
  timestamp: "2030-01-31T12:00:00Z",
  data: { cursor: "1-0", status_version: 1, ...data },
});

test("rows change in place, by the newest event; rows of others stay the same", () => {
  const rows = [
    { batch_id: "bat_A", status: "running", counts: COUNTS },
    { batch_id: "bat_B", status: "running", counts: COUNTS },
  ] as unknown as Parameters<typeof patched>[0];
  const patches = patchesOf(new Map(), [
    event("batch.progress", { batch_id: "bat_B", batch_status: "running", counts: COUNTS }),
    event("batch.completed", {
      batch_id: "bat_B",
      batch_status: "completed",
      counts: { ...COUNTS, queued: 0 },
    }),
    event("device.connected", { device_id: "dev_1" }),
    event("batch.accepted", { batch_id: "bat_C" }),
  ]);
  const seen = patched(rows, patches);
  expect(seen[0]).toBe(rows[0]);
  expect(seen[1]).toMatchObject({ status: "completed", counts: { queued: 0 } });
  expect(patches.size).toBe(1);
});
