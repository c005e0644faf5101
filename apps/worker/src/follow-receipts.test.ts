import type { DeviceId, EvidenceStatus, MessageId } from "@pombo/domain";
import { expect, test } from "vitest";
import { followReceipts } from "./follow-receipts.ts";
import { createPlaces } from "./places.ts";

const FULL = "OOM command not allowed, script: 5f, on @user_script:12.";
const [ONE, TWO, THREE] = [1, 2, 3].map((end) => `3EB0A0000000000000000${end}`) as [
  string,
  string,
  string,
];

/** A ledger that refuses the next so many writes. */
function setup({ says = FULL, most = 100, againMs = 1 } = {}) {
  const written: string[] = [];
  const told = { refused: 0, lost: 0 };
  let refusals = 0;
  let clock = 0;
  const receipts = followReceipts("dev_0000000000000001" as DeviceId, {
    ledger: {
      countReceipt: async () => undefined,
      async recordEvidence(_device, { messageId, proves, now }) {
        // The answer of Redis comes later: what is written beside it may overtake.
        const refused = (refusals -= 1) >= 0;
        await Promise.resolve();
        if (refused) throw new Error(says);
        written.push(`${messageId.at(-1)} ${proves} ${now}`);
        return { kind: "settled", version: 1 };
      },
    },
    places: createPlaces(most),
    againMs,
    now: () => (clock += 1),
    reach: () => undefined,
    onRefused: () => (told.refused += 1),
    onError: () => (told.lost += 1),
  });
  const follow = (id: string, proves: EvidenceStatus): void =>
    receipts.follow({ ids: [id], proves, at: 0, by: "" });
  return { receipts, written, told, follow, refuse: (times: number) => void (refusals = times) };
}

test("what Redis refuses is written once Redis takes it, with the time at which it came, each message in its order", async () => {
  const { receipts, written, told, follow, refuse } = setup();
  refuse(5);
  follow(ONE, "sent");
  follow(TWO, "delivered");
  follow(ONE, "delivered");
  follow(TWO, "read");
  follow(ONE, "read");
  await receipts.settled();
  const of = (end: string) => written.filter((line) => line.startsWith(end));
  expect(of("1")).toEqual(["1 sent 1", "1 delivered 3", "1 read 5"]);
  expect(of("2")).toEqual(["2 delivered 2", "2 read 4"]);
  expect(told).toEqual({ refused: 5, lost: 0 });
});

test("of all that Redis refused, one is tried at a time", async () => {
  const { receipts, told, follow, refuse } = setup({ againMs: 60_000 });
  refuse(1_000);
  follow(ONE, "sent");
  follow(TWO, "sent");
  await expect.poll(() => told.refused).toBe(3);
  for (const proves of ["delivered", "read"] as const) follow(ONE, proves);
  expect(receipts.writing(ONE as MessageId)).toBeDefined();
  expect(told).toEqual({ refused: 3, lost: 0 });
  receipts.hurry();
  await receipts.settled();
});

test("a device that is let go: what Redis refuses is tried once more and no longer, also what still comes", async () => {
  const { receipts, written, told, follow, refuse } = setup({ againMs: 60_000 });
  refuse(1_000);
  follow(ONE, "sent");
  await expect.poll(() => told.refused).toBe(2);
  refuse(1);
  receipts.hurry();
  follow(TWO, "sent");
  follow(ONE, "delivered");
  await receipts.settled();
  expect(told.lost).toBe(1);
  expect(written).toEqual(["2 sent 2", "1 delivered 3"]);
});

test("what no other try would mend is lost at once, and holds nothing up", async () => {
  const says = "ERR user_script:12: attempt to index a nil value";
  const { receipts, written, told, follow, refuse } = setup({ says });
  refuse(1);
  follow(ONE, "sent");
  follow(TWO, "sent");
  await receipts.settled();
  expect(told).toEqual({ refused: 0, lost: 1 });
  expect(written).toEqual(["2 sent 2"]);
});

test("while Redis refuses, so much is kept and no more; while it does not, nothing is too much", async () => {
  const { receipts, written, told, follow, refuse } = setup({ most: 2, againMs: 60_000 });
  for (const id of [ONE, TWO, THREE]) follow(id, "sent");
  await receipts.settled();
  expect(written.splice(0)).toHaveLength(3);
  refuse(2);
  follow(ONE, "delivered");
  await expect.poll(() => told.refused).toBe(2);
  follow(TWO, "delivered");
  follow(THREE, "delivered");
  receipts.hurry();
  await receipts.settled();
  expect(told.lost).toBe(1);
  expect(written).toEqual(["1 delivered 4", "2 delivered 5"]);
});
