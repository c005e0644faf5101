import type { Ledger } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { mayPass } from "./may-pass.ts";

export interface OperationDeps {
  /** `<worker>#<start>` */
  readonly owner: string;
  readonly ledger: Pick<
    Ledger,
    | "dueReturns"
    | "failOperation"
    | "removals"
    | "removeDevice"
    | "returnPooled"
    | "runningOperations"
    | "stepOperation"
  >;
  readonly log: Pick<Log, "info" | "error">;
  readonly now: () => number;
}

const AT_ONCE = 5;
const RETURNS_AT_ONCE = 50;
const STEPS = 10;

/**
 * Goes on with what was asked for and takes many steps: operations over letters, messages that go back to their pools, and removals of devices. A few steps of each in a sweep;
 * a step is one script, so whoever takes the next one finds everything as the last one left it.
 */
export async function runOperations(deps: OperationDeps): Promise<void> {
  const { ledger, log, now } = deps;
  for (const id of await ledger.runningOperations(AT_ONCE)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that sending goes on in between
    await runOperation(id, deps);
  }
  for (const one of await ledger.dueReturns(now(), RETURNS_AT_ONCE)) {
    // oxlint-disable-next-line no-await-in-loop
    const moved = await ledger.returnPooled(one, now());
    if (moved > 0)
      log.info("pool.returned", { device_id: one.deviceId, pool_id: one.poolId, messages: moved });
  }
  for (const id of (await ledger.removals()).slice(0, AT_ONCE)) {
    // oxlint-disable-next-line no-await-in-loop
    const end = await repeat(() => ledger.removeDevice(id, now()), "more");
    if (end === "done") log.info("device.removed", { device_id: id });
  }
}

async function runOperation(id: string, deps: OperationDeps): Promise<void> {
  const { owner, ledger, log, now } = deps;
  try {
    const end = await repeat(() => ledger.stepOperation(id, { owner, now: now() }), "running");
    if (end === "done") log.info("operation.done", { operation_id: id });
  } catch (error) {
    // Only a script that is itself at fault ends an operation.
    if (mayPass(error)) throw error;
    log.error("operation.failed", { operation_id: id, error });
    await ledger.failOperation(id, "INTERNAL_ERROR", now());
  }
}

async function repeat<Answer>(step: () => Promise<Answer>, again: Answer): Promise<Answer> {
  let answer = again;
  for (let taken = 0; taken < STEPS && answer === again; taken += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each step goes on where the last one ended
    answer = await step();
  }
  return answer;
}
