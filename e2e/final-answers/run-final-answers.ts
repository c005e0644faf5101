import { setTimeout as pause } from "node:timers/promises";
import { type Dice, openDice } from "../chaos/dice.ts";
import { eventually } from "../eventually.ts";
import { type PairedDevice, pairDevices } from "../pair-devices.ts";
import { Pombo, QUICK } from "../pombo.ts";
import { judge, type Verdicts } from "./judge.ts";
import { type Asked, sendOnce, type Sender } from "./send-once.ts";
import { trouble } from "./trouble.ts";

export interface FinalOptions {
  readonly seed: number;
  readonly sends: number;
  readonly devices: number;
  /** clients at once */
  readonly clients: number;
  /** between two troubles, ms */
  readonly everyMs: number;
  readonly settleSeconds: number;
}

const WAIT_MS = 4_000;
const REFUSED_PAUSE_MS = 400;

/**
 * Many clients of the wuts and session dialects send and wait, while sockets are cut, acks are lost, workers and APIs die.
 *
 * ```
 *  clients ∥ troubles ─► calm ─► every message settled ─► phones × answers ─► judge (pure)
 * ```
 */
export async function runFinalAnswers(
  options: FinalOptions,
  say: (text: string) => void,
): Promise<Verdicts> {
  const env = {
    ...QUICK,
    POMBO_SYNC_WAIT_MS: String(WAIT_MS),
    // What was accepted, and is refused by its recipient, is tried again at once and not hours later.
    POMBO_BACKOFF_SCALE_PERCENT: "0",
  };
  await using pombo = await Pombo.start({ env, args: ["--workers", "2", "--apis", "2"] });
  const devices = await pairDevices(pombo, options.devices);
  const senders = await Promise.all(devices.map((device) => senderOf(pombo, device)));
  say(`${senders.length} devices stand`);
  const over = new AbortController();
  const roll = openDice(options.seed);
  const troubling = makeTroubles({ pombo, devices, roll, everyMs: options.everyMs }, over.signal);
  const asked = await sendAll(pombo, senders, options);
  over.abort();
  const made = await troubling;
  say(`${asked.length} answers, ${made.join(", ")}`);
  await pombo.control("DELETE", "/admin/faults");
  const statuses = await settle(pombo, asked, options.settleSeconds);
  say("all that was accepted is settled");
  const phones = await readPhones(pombo, asked);
  return judge(asked, { statuses, phones });
}

async function senderOf(pombo: Pombo, { id }: PairedDevice): Promise<Sender> {
  const body = { name: "client", scopes: ["messages:send"], devices: [id], device_id: id };
  const made = await pombo.api<{ key: string }>("POST", "/v1/api-keys", body);
  return { key: made.body.key };
}

/** Each client sends one message after the other, each to somebody else. */
async function sendAll(
  pombo: Pombo,
  senders: readonly Sender[],
  { sends, clients }: FinalOptions,
): Promise<readonly Asked[]> {
  const asked: Asked[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    for (let index = next++; index < sends; index = next++) {
      const sender = senders[index % senders.length];
      if (sender === undefined) throw new Error("nobody can send");
      // oxlint-disable-next-line no-await-in-loop -- a client waits for its answer
      const one = await sendOnce(pombo.ready.api_urls, sender, index);
      asked.push(one);
      // oxlint-disable-next-line no-await-in-loop -- who was refused does not come again at once
      if (one.answer === undefined || one.answer.status >= 400) await pause(REFUSED_PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return asked;
}

interface Troubled {
  readonly pombo: Pombo;
  readonly devices: readonly PairedDevice[];
  readonly roll: Dice;
  readonly everyMs: number;
}

async function makeTroubles(at: Troubled, over: AbortSignal): Promise<readonly string[]> {
  const counts = new Map<string, number>();
  while (!over.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- one trouble after the other
    const kind = await trouble(at);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    // oxlint-disable-next-line no-await-in-loop
    await pause(at.everyMs, undefined, { signal: over }).catch(() => undefined);
  }
  return [...counts].map(([kind, count]) => `${count} × ${kind}`);
}

const SETTLED: ReadonlySet<string> = new Set([
  "sent",
  "delivered",
  "read",
  "played",
  "failed",
  "expired",
  "canceled",
  "absent",
]);

/** The last status of everything that was answered with an id. */
async function settle(
  pombo: Pombo,
  asked: readonly Asked[],
  seconds: number,
): Promise<ReadonlyMap<string, string>> {
  const ids = asked.flatMap(({ answer }) =>
    answer?.messageId === undefined ? [] : [answer.messageId],
  );
  if (ids.length === 0) return new Map();
  const seen = await eventually(
    () => readStatuses(pombo, ids),
    ({ open }) => open.length === 0,
    seconds * 1_000,
  );
  return new Map(Object.entries(seen.statuses));
}

/** What is open still is shown whole, for whoever wants to know why. */
async function readStatuses(pombo: Pombo, ids: readonly string[]) {
  try {
    const { body } = await pombo.api<{ messages?: readonly (Head | null)[] }>(
      "POST",
      "/v1/messages/status",
      { ids },
    );
    if (body.messages === undefined) return { open: [body], statuses: {} };
    const statuses = Object.fromEntries(
      ids.map((id, index) => [id, body.messages?.[index]?.status ?? "absent"]),
    );
    const open = ids.filter((id) => !SETTLED.has(statuses[id] ?? ""));
    const shown = await Promise.all(open.slice(0, 3).map((id) => pombo.message(id)));
    return { open: shown.length === 0 ? [] : [open.length, ...shown], statuses };
  } catch (error) {
    return { open: [String(error)], statuses: {} };
  }
}

interface Head {
  readonly status: string;
}

/** How many different messages each recipient's phone shows. */
async function readPhones(
  pombo: Pombo,
  asked: readonly Asked[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const phones = new Map<string, readonly string[]>();
  for (const { to } of asked)
    // oxlint-disable-next-line no-await-in-loop -- the simulator is one process
    phones.set(
      to,
      (await pombo.phoneMessages(to)).map(({ id }) => id),
    );
  return phones;
}
