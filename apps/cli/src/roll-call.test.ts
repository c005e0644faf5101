import { expect, test } from "vitest";

import type { Cast } from "./cast.ts";
import { openRollCall } from "./roll-call.ts";

const NOBODY: Cast = {
  redis: { current: () => undefined, [Symbol.asyncDispose]: async () => undefined },
  simulator: undefined,
  simulatorUrl: null,
  controlUrl: null,
  workers: [],
  notifiers: [],
  apis: [],
  apiUrls: [],
};

test("a disk that is full when somebody dies is said, and ends nobody else", async () => {
  let full = false;
  const written: (readonly number[])[] = [];
  const family = {
    run: "r",
    async remember(pids: readonly number[]) {
      if (full) throw new Error("ENOSPC");
      written.push(pids);
    },
  };
  const file = { write: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  const failures: unknown[] = [];
  const rollCall = openRollCall(family, file, (error) => failures.push(error));
  await rollCall.gather(NOBODY);
  full = true;
  rollCall.refresh();
  await expect.poll(() => failures.map(String)).toEqual(["Error: ENOSPC"]);
  full = false;
  rollCall.refresh();
  await expect.poll(() => written).toEqual([[], []]);
});
