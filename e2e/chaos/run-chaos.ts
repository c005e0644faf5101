import { setTimeout as pause } from "node:timers/promises";
import { type Accepted, correspond } from "./correspond.ts";
import { type Dice, openDice } from "./dice.ts";
import { followLog } from "./follow-log.ts";
import { type Finding, judge, type Settled, type Shown } from "./judge.ts";
import { type Done, makeTrouble, slowDown } from "./make-trouble.ts";
import type { ChaosOptions } from "./options.ts";
import { makePlan, type Trouble } from "./plan.ts";
import { openStage, type Stage } from "./stage.ts";

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
    correspond(stage, plan.threads, { dice: openDice(options.seed + 2), began }),
    playTroubles(plan.troubles, stage, { dice, began, tell }),
  ]);
  const { accepted, odd } = correspondence;
  tell(`${accepted.length} messages are accepted`);
  const ledger = await readLedger(stage, accepted, Date.now() + options.settleSeconds * 1_000);
  const ms = Date.now() - began;
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
  return { findings, done, ms, data: pombo.data };
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

const DONE: ReadonlySet<string> = new Set(["read", "failed", "expired", "canceled"]);
const READERS = 10;

/** Waits until each message has come to its end; what has not by then is told as it is. */
async function readLedger(
  { pombo }: Stage,
  accepted: readonly Accepted[],
  end: number,
): Promise<ReadonlyMap<string, Settled>> {
  const found = new Map<string, Settled>();
  const queue = [...accepted];
  const readOne = async (id: string): Promise<void> => {
    const patient = Math.max(0, end - Date.now());
    const message = await pombo
      .until(id, ({ status }) => DONE.has(status), Math.min(patient, AT_REST_MS))
      .catch(() => pombo.message(id));
    found.set(id, message);
  };
  const read = async (): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await readOne(next.id);
  };
  await Promise.all(Array.from({ length: READERS }, read));
  // Those that were late for their turn, but not too late.
  for (const [id, { status }] of found)
    // oxlint-disable-next-line no-await-in-loop
    if (!DONE.has(status)) await readOne(id);
  return found;
}

/** A message at `sent` or `delivered` may have lost its receipts: it is not waited for as long as everything may take. */
const AT_REST_MS = 20_000;

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
