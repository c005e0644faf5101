import { setTimeout as pause } from "node:timers/promises";
import { type Accepted, correspond } from "./correspond.ts";
import { type Dice, openDice } from "./dice.ts";
import { followLog } from "./follow-log.ts";
import { type Finding, judge, type Settled, type Shown } from "./judge.ts";
import { type Done, makeTrouble, slowDown } from "./make-trouble.ts";
import type { ChaosOptions } from "./options.ts";
import { makePlan, type Trouble } from "./plan.ts";
import { openStage, type Stage } from "./stage.ts";
import { upload } from "./upload.ts";

export interface ChaosReport {
  readonly findings: readonly Finding[];
  readonly done: readonly Done[];
  /** from the first message to the last settled one */
  readonly ms: number;
  /** of the whole product, for looking into it */
  readonly data: string;
}

type Tell = (says: string) => void;

/** Plays a plan against the real product, and judges what came of it. */
export async function runChaos(options: ChaosOptions, tell: Tell): Promise<ChaosReport> {
  await using stage = await openStage(options);
  const { pombo } = stage;
  tell(`${options.devices} devices are connected; ${pombo.data}`);
  const plan = makePlan(options, openDice(options.seed));
  const recipients = new Set(plan.threads.flat().map(({ recipient }) => recipient));
  await slowDown(stage, [...recipients], options.ackMs);
  const log = await followLog(pombo);
  const began = Date.now();
  const dice = openDice(options.seed + 1);
  const [correspondence, done] = await Promise.all([
    (options.batch === true ? upload : correspond)(stage, plan.threads, {
      dice: openDice(options.seed + 2),
      began,
    }),
    playTroubles(plan.troubles, stage, { dice, began, tell }),
  ]);
  const { accepted, odd } = correspondence;
  tell(`${accepted.length} messages are accepted`);
  const { ledger, settledAt } = await readLedger(stage, accepted, options.settleSeconds * 1_000);
  const phones = await readPhones(stage, accepted);
  const findings = judge({
    planned: options.messages,
    accepted,
    odd,
    ledger,
    phones,
    log: await log.stop(),
    standstills: done.flatMap(({ at, until }) =>
      until === undefined ? [] : [{ from: at, until: until + AFTER_STANDSTILL_MS }],
    ),
  });
  return { findings, done, ms: settledAt - began, data: pombo.data };
}

/** The socket of a process that stood still is closed by the next login, which may come this late. */
const AFTER_STANDSTILL_MS = 5_000;

async function playTroubles(
  troubles: readonly Trouble[],
  stage: Stage,
  { dice, began, tell }: { readonly dice: Dice; readonly began: number; readonly tell: Tell },
): Promise<Done[]> {
  return await Promise.all(
    troubles.map(async (trouble) => {
      await pause(Math.max(0, began + trouble.at - Date.now()));
      const done = await makeTrouble(trouble, stage, dice);
      tell(`${((done.at - began) / 1_000).toFixed(1)} s  ${done.kind}  ${done.says}`);
      return done;
    }),
  );
}

const AT_REST = new Set(["sent", "delivered", "read", "played", "failed", "expired", "canceled"]);
const READERS = 10;
const LOOK_MS = 10_000;
const AWAY_MS = 500;
/** Receipts that were under way to a killed worker never come: so long the others are waited for. */
const RECEIPTS_MS = 5_000;

/** A slow machine is not stuck: but so long after the last acceptance it ends in any case. */
const LONGEST_MS = 600_000;

/**
 * Waits until each message is settled, at most until none has been for `patienceMs`; then for the receipts that still come.
 */
async function readLedger(
  { pombo }: Stage,
  accepted: readonly Accepted[],
  patienceMs: number,
): Promise<{ readonly ledger: ReadonlyMap<string, Settled>; readonly settledAt: number }> {
  const ledger = new Map<string, Settled>();
  const readAll = async (
    wanted: (seen: Settled) => boolean,
    until: () => number,
  ): Promise<void> => {
    const queue = accepted.filter(({ id }) => !wanted(ledger.get(id) ?? UNREAD));
    const read = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { id } = next;
        const patience = Math.min(LOOK_MS, Math.max(0, until() - Date.now()));
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const seen = await pombo
          .until(id, wanted, patience)
          .catch(() => pombo.message(id))
          // The API may be away: it died a moment ago.
          .catch(() => pause(AWAY_MS, UNREAD));
        if (wanted(seen)) movedAt = Date.now();
        if (wanted(seen) || Date.now() >= until()) ledger.set(id, seen);
        else queue.push(next);
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
  };
  let movedAt = Date.now();
  const last = Date.now() + LONGEST_MS;
  await readAll(
    ({ status }) => AT_REST.has(status),
    () => Math.min(last, movedAt + patienceMs),
  );
  const settledAt = Date.now();
  await readAll(
    ({ status }) => status === "read",
    () => settledAt + RECEIPTS_MS,
  );
  return { ledger, settledAt };
}

const UNREAD: Settled = { status: "absent", timeline: [] };

async function readPhones(
  { pombo }: Stage,
  accepted: readonly Accepted[],
): Promise<ReadonlyMap<string, readonly Shown[]>> {
  const phones = new Map<string, readonly Shown[]>();
  for (const recipient of new Set(accepted.map((letter) => letter.recipient)))
    // oxlint-disable-next-line no-await-in-loop -- the simulator is one process
    phones.set(recipient, await pombo.phoneMessages(recipient));
  return phones;
}
