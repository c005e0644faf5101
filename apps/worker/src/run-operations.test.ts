import type { DeviceId } from "@pombo/domain";
import { expect, test } from "vitest";
import { type OperationDeps, runOperations } from "./run-operations.ts";

type Ledger = OperationDeps["ledger"];

/** A ledger with one operation of `steps` steps and one removal of as many. */
function setup(steps: number, over: Partial<Ledger> = {}) {
  const left = { operation: steps, removal: steps };
  const failed: string[] = [];
  const ledger: Ledger = {
    runningOperations: () => Promise.resolve(left.operation > 0 ? ["op_1"] : []),
    removals: () => Promise.resolve(left.removal > 0 ? ["dev_1" as DeviceId] : []),
    stepOperation: () => Promise.resolve((left.operation -= 1) > 0 ? "running" : "done"),
    removeDevice: () => Promise.resolve((left.removal -= 1) > 0 ? "more" : "done"),
    dueReturns: () => Promise.resolve([]),
    returnPooled: () => Promise.resolve(0),
    failOperation: (id) => Promise.resolve(void failed.push(id)),
    ...over,
  };
  const log = { info: () => undefined, error: () => undefined };
  return { left, failed, deps: { owner: "worker-1#1", ledger, log, now: () => 0 } };
}

test("a sweep takes a bounded number of steps; the next ones go on until nothing is left", async () => {
  const { deps, left } = setup(12);
  await runOperations(deps);
  expect(left).toEqual({ operation: 2, removal: 2 });
  await runOperations(deps);
  expect(left).toEqual({ operation: 0, removal: 0 });
});

test("an operation that another worker has is left alone", async () => {
  let asked = 0;
  const stepOperation: Ledger["stepOperation"] = () => {
    asked += 1;
    return Promise.resolve("busy");
  };
  await runOperations(setup(1, { stepOperation }).deps);
  expect(asked).toBe(1);
});

test.each([
  { says: "ERR user_script:12: attempt to index a nil value", fails: true },
  { says: "OOM command not allowed, on @user_script:12.", fails: false },
  { says: "MISCONF Errors writing to the AOF file, on @user_script:12.", fails: false },
  { says: "Connection is closed.", fails: false },
])("a step that throws $says", async ({ says, fails }) => {
  const stepOperation = () => Promise.reject(new Error(says));
  const { deps, failed } = setup(1, { stepOperation });
  if (fails) await runOperations(deps);
  else await expect(runOperations(deps)).rejects.toThrow(says);
  expect(failed).toEqual(fails ? ["op_1"] : []);
});
