import { setTimeout as pause } from "node:timers/promises";
import { BATCH_COUNTS, type BatchCounts, type BatchId, type MessageId, rowOf } from "@pombo/domain";
import { type Numbers, numberOf } from "./numbers.ts";
import type { Pombo } from "./pombo.ts";
import type { Simulator } from "./stage.ts";

/** What was seen of a batch while its worker was killed. */
export interface Seen {
  /** Looks at the counts, and those at which they did not add up to what was accepted. */
  readonly looks: number;
  readonly wrong: readonly string[];
  readonly kills: number;
}

const LOOK_MS = 250;
const QUIET_MS = 15_000;
const NOT_ACCEPTED: ReadonlySet<string> = new Set([
  "accepted",
  "invalid",
  "duplicate",
  "suppressed",
]);
const GONE = ["sent", "delivered", "read", "played"] as const;

/**
 * Until every row was read, or nothing has changed for a while after the last one left (receipts in flight at a kill are lost): looks at
 * the counts, and kills a worker at even distances, now the one and then the other. A killed one is started again at once.
 */
export async function witness(
  pombo: Pombo,
  { id, rows, kills }: { readonly id: BatchId; readonly rows: number; readonly kills: number },
): Promise<Seen> {
  const wrong: string[] = [];
  const restarts: Promise<void>[] = [];
  let [looks, gone, read, changedAt] = [0, 0, 0, performance.now()];
  while (gone < rows || (read < rows && performance.now() - changedAt < QUIET_MS)) {
    // oxlint-disable-next-line no-await-in-loop -- look after look
    const counts = (await pombo.ledger.findBatch(id))?.counts;
    if (counts === undefined) throw new Error(`batch ${id} is gone`);
    looks += 1;
    const sum = accepted(counts);
    if (sum !== rows || counts.accepted !== rows)
      wrong.push(`${counts.accepted} accepted, ${sum} counted`);
    if (counts.read > read) changedAt = performance.now();
    gone = GONE.reduce((all, name) => all + counts[name], 0);
    read = counts.read;
    if (restarts.length < kills && gone >= ((restarts.length + 1) * rows) / (kills + 1))
      restarts.push(pombo.killWorker(restarts.length));
    // oxlint-disable-next-line no-await-in-loop
    await pause(LOOK_MS);
  }
  await Promise.all(restarts);
  return { looks, wrong, kills: restarts.length };
}

function accepted(counts: BatchCounts): number {
  return BATCH_COUNTS.filter((name) => !NOT_ACCEPTED.has(name)).reduce(
    (sum, name) => sum + counts[name],
    0,
  );
}

/** The ids that phones have of a batch, each with how often it came. */
export async function onPhones(
  { controlUrl }: Simulator,
  numbers: Numbers & { readonly devices: number },
  batch: BatchId,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  // oxlint-disable no-await-in-loop -- the simulator is one process
  for (let device = 0; device < numbers.devices; device += 1)
    for (let at = 0; at < numbers.perDevice; at += 1) {
      const url = `${controlUrl}/admin/phones/${numberOf(numbers, device, at)}/messages`;
      const messages = (await (await fetch(url)).json()) as readonly {
        id: string;
        copies: number;
      }[];
      for (const { id, copies } of messages)
        if (rowOf(id as MessageId).batchId === batch) found.set(id, (found.get(id) ?? 0) + copies);
    }
  // oxlint-enable no-await-in-loop
  return found;
}
