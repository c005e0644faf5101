import { DEFAULT_SETTINGS } from "@pombo/domain";
import { expect, test, vi } from "vitest";
import { setup } from "./setup.test-bed.ts";
import { storeChecks } from "./store-checks.ts";

test("a clock that is apart is named with its distance, and one that is right is not", async () => {
  await using bed = await setup();
  const { redis, ledger } = bed;
  const { clock } = storeChecks({ redis, ledger, settings: DEFAULT_SETTINGS });
  expect(await clock.look()).toBeUndefined();
  const wrong = vi
    .spyOn(Date, "now")
    .mockImplementation(() => performance.timeOrigin + performance.now() + 60_000);
  expect(await clock.look()).toMatch(
    /^The clocks of Redis and of this machine are (59|60)\.\d s apart$/,
  );
  wrong.mockRestore();
});
