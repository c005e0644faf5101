import type { BatchId, DeviceId, PackedRow } from "@pombo/domain";
import type { Draw } from "@pombo/ledger";
import { expect, test } from "vitest";
import { type DrawerDeps, openDrawer } from "./draw-rows.ts";
import { watchMemory } from "./memory-room.ts";

const ID = "bat_0123456789A" as BatchId;
const OWN = { deviceId: "dev_0000000000000001" as DeviceId, epoch: 1 };
const hint = (row: number, edition = 0) =>
  ({ batchId: ID, priority: "bulk", row, edition }) as const;

/** A batch of 700 rows, each third of which was not accepted, and what is drawn from it. */
function setup(over: Partial<DrawerDeps> = {}) {
  const rows = Array.from({ length: 700 }, (_, at): PackedRow | null =>
    at % 3 === 2 ? null : { to: "5511900000001", values: [String(at + 1)] },
  );
  const draws: Draw[] = [];
  const reads: number[] = [];
  const held: (() => void)[] = [];
  let hold = false;
  const drawer = openDrawer({
    ledger: {
      findBatch: async () => ({ settings: { template: { kind: "text", text: "{{n}}" } } }) as never,
      readChunk: async (_id, index) => {
        reads.push(index);
        return rows.slice(index * 500, index * 500 + 500);
      },
      drawRows: async (_own, draw) => {
        if (hold) await new Promise<void>((resolve) => held.push(resolve));
        draws.push(draw);
        return "drawn";
      },
    },
    settings: { batch_draw_rows: 4, batch_pool_draw_rows: 4 },
    hasRoom: async () => true,
    now: () => 1,
    ...over,
  });
  return {
    drawer,
    draws,
    reads,
    holdBack: () => (hold = true),
    letGo: () => held.splice(0).forEach((go) => go()),
  };
}

test("a few accepted rows are drawn, rendered, over those that were not accepted, and never beyond a chunk", async () => {
  const t = setup();
  expect(await t.drawer.draw(OWN, hint(2))).toBe("drawn");
  expect(await t.drawer.draw(OWN, hint(499))).toBe("drawn");
  expect(await t.drawer.draw(OWN, hint(699))).toBe("drawn");
  expect(t.draws.map(({ from, to }) => [from, to])).toEqual([
    [2, 8],
    [499, 501],
    [699, 701],
  ]);
  expect(t.draws[0]?.rows.map(({ row, content }) => [row, content])).toEqual(
    [2, 4, 5, 7].map((row) => [row, { kind: "text", text: String(row) }]),
  );
  expect(t.reads).toEqual([0, 1]);
  await t.drawer.draw(OWN, hint(2, 1));
  expect(t.reads).toEqual([0, 1, 0]);
});

test("one draw of a batch at a time: who comes meanwhile looks again", async () => {
  const t = setup();
  t.holdBack();
  const first = t.drawer.draw(OWN, hint(1));
  const second = t.drawer.draw(OWN, hint(1));
  await new Promise(setImmediate);
  t.letGo();
  expect(await Promise.all([first, second])).toEqual(["drawn", "moved"]);
  expect(t.draws).toHaveLength(1);
});

test("nothing is drawn while Redis is nearly full", async () => {
  const time = { now: 0, used: 90, looks: 0 };
  const hasRoom = watchMemory({
    used: async () => {
      time.looks += 1;
      if (time.used < 0) throw new Error("away");
      return time.used;
    },
    settings: { memory_redrive_percent: 90, memory_check_ms: 1_000 },
    clock: () => time.now,
  });
  const t = setup({ hasRoom });
  expect(await t.drawer.draw(OWN, hint(1))).toBe("moved");
  time.used = 89;
  time.now = 999;
  expect(await t.drawer.draw(OWN, hint(1))).toBe("moved");
  time.now = 1_000;
  expect(await t.drawer.draw(OWN, hint(1))).toBe("drawn");
  expect(time.looks).toBe(2);
  time.used = -1;
  time.now = 2_000;
  await expect(t.drawer.draw(OWN, hint(1))).rejects.toThrow("away");
  time.used = 1;
  expect(await t.drawer.draw(OWN, hint(1))).toBe("drawn");
});
