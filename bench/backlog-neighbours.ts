import { setTimeout as pause } from "node:timers/promises";
import type { CellId, DeviceId, MessageId } from "@pombo/domain";
import { type Api, openApi } from "./api.ts";
import type { PacedEnd } from "./load-client.ts";
import type { Numbers } from "./numbers.ts";
import type { Options } from "./options.ts";
import { newMessage, openPombo, type Pombo } from "./pombo.ts";
import { type Program, startProgram } from "./program.ts";
import { against, rounded, table } from "./report.ts";
import { receivedAt } from "./simulator-log.ts";
import type { Stage } from "./stage.ts";
import { median, percentile } from "./statistics.ts";

/** A cell with its neighbours, and a first device that has a backlog or none. */
interface Side {
  readonly pombo: Pombo;
  readonly api: Api;
  readonly numbers: Numbers;
}

const NEIGHBOURS = 10;
const CONTACTS = 25;
const PER_ROUND = 250;
const EVERY_MS = 40;
const PACE_GAP_MS = 500;
const PASSWORDS = 10;
const SETTLE_MS = 2_000;

/**
 * Shows what a long backlog does to others: two cells with a worker each, alike but for the backlog of one paced device. Their other
 * devices take turns with single messages at a gentle pace; and on the device with the backlog one-time passwords overtake it.
 */
export async function backlogNeighbours(
  stage: Stage,
  options: Options,
  say: (line: string) => void,
): Promise<void> {
  await using load = await startProgram({
    name: "load",
    file: "bench/load-client.ts",
    logFolder: stage.folder,
  });
  await using without = await openSide(stage, "c8" as CellId, say);
  await using beside = await openSide(stage, "c9" as CellId, say);
  const waiting = Math.max(...options.waiting);
  say(`backlog-neighbours: filling to ${waiting}`);
  const [device] = beside.pombo.devices;
  if (device === undefined) throw new Error("no device");
  await beside.pombo.ledger.editDevice(device, { pace: { gapMs: PACE_GAP_MS } });
  const { numbers } = beside;
  const over = { priority: "bulk" } as const;
  await beside.pombo.accept({ devices: 1, perDevice: waiting, numbers, over });

  const latencies = { without: [] as number[][], beside: [] as number[][] };
  for (let round = 0; round < options.rounds; round += 1) {
    say(`backlog-neighbours: round ${round + 1} of ${options.rounds}`);
    const both = [["without", without] as const, ["beside", beside] as const];
    for (const [name, side] of round % 2 === 0 ? both : both.toReversed())
      // oxlint-disable-next-line no-await-in-loop -- never both at once
      latencies[name].push(await neighbours(side, load));
  }
  process.stdout.write(neighboursTable(waiting, latencies));
  say(`backlog-neighbours: ${PASSWORDS} one-time passwords`);
  process.stdout.write(passwordTable(await passwords(stage, beside, device)));
}

async function openSide(
  stage: Stage,
  cell: CellId,
  say: (line: string) => void,
): Promise<Side & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const pombo = opened.use(await openPombo(stage, cell));
  await pombo.startWorker();
  say(`backlog-neighbours: ${cell}: pairing ${NEIGHBOURS + 1} devices`);
  await pombo.pair(NEIGHBOURS + 1);
  const devices = pombo.devices.length;
  const numbers = { first: stage.takeNumbers(devices * CONTACTS), perDevice: CONTACTS };
  await pombo.round({ devices, perDevice: CONTACTS, numbers });
  const api = opened.use(await openApi(stage, pombo));
  const rest = opened.move();
  return { pombo, api, numbers, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

/** ms from the begin of each request to its ack. */
async function neighbours({ pombo, api, numbers }: Side, load: Program): Promise<number[]> {
  await pause(SETTLE_MS);
  const from = await pombo.events.end();
  const sent = await load.ask<PacedEnd>("paced", {
    url: api.url,
    key: api.key,
    devices: pombo.devices.slice(1),
    numbers: { ...numbers, first: numbers.first + numbers.perDevice },
    count: PER_ROUND,
    gapMs: EVERY_MS,
  });
  await pause(SETTLE_MS);
  const { provedAt } = await pombo.events.since(from);
  return sent.map(([id, at]) => (provedAt.get(id) ?? Number.POSITIVE_INFINITY) - at);
}

/** ms from the acceptance of each to its stanza at the simulator. */
async function passwords(stage: Stage, { pombo, numbers }: Side, device: DeviceId) {
  const accepted: (readonly [MessageId, number])[] = [];
  for (let count = 0; count < PASSWORDS; count += 1) {
    const message = newMessage(device, String(numbers.first + (count % CONTACTS)));
    accepted.push([message.id, Date.now()]);
    // oxlint-disable-next-line no-await-in-loop -- each on its own
    await pombo.ledger.accept({ ...message, priority: "otp", at: Date.now() });
    // oxlint-disable-next-line no-await-in-loop
    await pause(4 * PACE_GAP_MS);
  }
  const received = await receivedAt(stage.simulator);
  return accepted.map(([id, at]) => (received.get(id) ?? Number.POSITIVE_INFINITY) - at);
}

function neighboursTable(
  waiting: number,
  { without, beside }: { readonly without: number[][]; readonly beside: number[][] },
): string {
  const row = (share: number): string[] => {
    const [base, ours] = [without, beside].map((rounds) =>
      rounds.map((round) => percentile(round, share)),
    ) as [number[], number[]];
    const ratio = median(ours.map((value, index) => value / (base[index] ?? value)));
    return [
      `p${share * 100}`,
      rounded(median(base), 1),
      rounded(median(ours), 1),
      share === 0.99 ? against(ratio, { most: 1.5 }) : rounded(ratio),
    ];
  };
  return table(
    `backlog-neighbours: ${NEIGHBOURS} devices, one message in ${EVERY_MS} ms, request → ack, ms`,
    [["", "no backlog", `${waiting} wait beside them`, "ratio"], row(0.5), row(0.99)],
  );
}

function passwordTable(ms: readonly number[]): string {
  return table(
    `backlog-neighbours: ${PASSWORDS} one-time passwords on the device with the backlog, pace gap ${PACE_GAP_MS} ms`,
    [
      ["acceptance → socket write", "ms"],
      ["middle", rounded(median(ms), 0)],
      ["longest", against(Math.max(...ms), { most: 2 * PACE_GAP_MS })],
    ],
  );
}
