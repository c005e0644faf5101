import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openDice } from "../chaos/dice.ts";
import { followLog } from "../chaos/follow-log.ts";
import { wrongCounts } from "../chaos/upload.ts";
import { eventually } from "../eventually.ts";
import { lookIntoRedis } from "../look-into-redis.ts";
import { startOutside } from "../outside-process.ts";
import { pairDevices } from "../pair-devices.ts";
import { Pombo } from "../pombo.ts";
import { uploadUpTo } from "./upload-in-pieces.ts";

/**
 * A large batch through the whole product: `node e2e/large-batch/main.ts [--rows 100000] [--devices 20] [--seed N]`.
 *
 * ```
 *  cut 10 times, API killed twice ─► uploaded ─► running, a worker killed ─► paused: nothing leaves ─► resumed ─► completed
 *                                                                         another batch ─► canceled in the middle
 * ```
 * Prints what was seen; ends with 1 when a row was lost, doubled or counted twice, or left after a pause.
 */
const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" },
    devices: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const [rows, deviceCount] = [Number(values.rows), Number(values.devices)];
const dice = openDice(Number(values.seed));
const PEOPLE = 1_000;
const FIRST = 5_521_940_000_000;
const CUTS = 10;
const KILLS = 2;
const SLOW_US = 25_000;
const LONGEST_MS = 3_600_000;
/** Attempts that are in hand when a batch is paused may still go out. */
const IN_HAND_MS = 1_000;

interface Batch {
  readonly batch_id: string;
  readonly status: string;
  readonly rate: number | null;
  readonly counts: Readonly<Record<string, number>> & Parameters<typeof wrongCounts>[0];
}

const wrong: string[] = [];
const say = (line: string): void => console.log(line);
const check = (what: string, seen: unknown, wanted: unknown): void => {
  const good = JSON.stringify(seen) === JSON.stringify(wanted);
  say(`${good ? "✓" : "✗"} ${what}: ${JSON.stringify(seen)}`);
  if (!good) wrong.push(what);
};

await using pombo = await Pombo.start({ args: ["--workers", "2"] });
const { api_url: url, api_key: key } = pombo.ready;
const devices = await pairDevices(pombo, deviceCount);
say(`${devices.length} devices are connected; ${pombo.data}`);
await using view = await lookIntoRedis(pombo);
await view.redis.config("SET", "slowlog-max-len", 1_000, "slowlog-log-slower-than", SLOW_US);
await view.redis.slowlog("RESET");
const pool = await pombo.api<{ pool_id: string }>("POST", "/v1/pools", {
  name: "large",
  devices: devices.map(({ id }) => id),
});
const query = { from: pool.body.pool_id, template: "{{name}}: {{note}}" };
const note = "the parcel left our house this morning ".repeat(6);
const table = (count: number): Buffer =>
  Buffer.from(
    [
      "to,name,note",
      ...Array.from({ length: count }, (_, at) => `${FIRST + (at % PEOPLE)},row ${at + 1},${note}`),
      "",
    ].join("\n"),
  );
const batchOf = async (id: string): Promise<Batch> =>
  (await pombo.api<Batch>("GET", `/v1/batches/${id}`)).body;

// The upload
const body = table(rows);
const log = await followLog(pombo);
const began = Date.now();
const places = Array.from({ length: CUTS }, () => Math.floor(dice.throw() * body.length));
for (const upTo of places)
  // oxlint-disable-next-line no-await-in-loop -- one try after the other
  await uploadUpTo(body, { url, key, once: "large", query }, upTo);
for (let kill = 0; kill < KILLS; kill += 1) {
  // oxlint-disable-next-line no-await-in-loop
  await using api = await startOutside(pombo, "api");
  const uploading = uploadUpTo(body, { url: api.url, key, once: "large", query });
  // oxlint-disable-next-line no-await-in-loop
  await pause(200 + dice.throw() * 1_500);
  api.kill("SIGKILL");
  // oxlint-disable-next-line no-await-in-loop
  await uploading;
}
const listed = await pombo.api<{ batches: Batch[] }>("GET", "/v1/batches");
check("batches", listed.body.batches.length, 1);
const from = Date.now();
const answer = await uploadUpTo(body, { url, key, once: "large", query });
const id = String(answer?.body["batch_id"]);
say(
  `  uploaded whole in ${Date.now() - from} ms, after ${Date.now() - began} ms of cuts and kills`,
);
check(
  "answer",
  [answer?.status, answer?.body["accepted"], answer?.body["invalid"]],
  [202, rows, 0],
);
check("id", id, listed.body.batches[0]?.batch_id ?? id);

// Its counts, all the time
let most = 0;
const over = new AbortController();
const watching = (async () => {
  while (!over.signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- look after look
    const { counts } = await batchOf(id);
    const says = wrongCounts(counts, most);
    if (says !== undefined) wrong.push(`${says}: ${JSON.stringify(counts)}`);
    most = counts.accepted;
    // oxlint-disable-next-line no-await-in-loop
    await pause(250, undefined, { signal: over.signal }).catch(() => undefined);
  }
})();
const gone = ({ counts }: Batch): number =>
  ["sent", "delivered", "read", "played"].reduce((sum, name) => sum + (counts[name] ?? 0), 0);
const reached = (share: number): Promise<Batch> =>
  eventually(
    () => batchOf(id),
    (seen) => gone(seen) >= rows * share,
    LONGEST_MS,
  );

// A worker dies on the way
await reached(0.1);
const [victim] = (await pombo.living()).worker;
if (victim !== undefined) process.kill(victim, "SIGKILL");
say(`  worker ${victim} is killed`);

// Pause and resume
await reached(0.3);
const asked = Date.now();
await pombo.api("POST", `/v1/batches/${id}/pause`);
const pausedAt = Date.now();
await pause(5_000);
const still = gone(await batchOf(id));
const resumedAt = Date.now();
await pombo.api("POST", `/v1/batches/${id}/resume`);
say(`  paused in ${pausedAt - asked} ms at ${still} of ${rows}`);

// Another one beside it, canceled
const small = Math.max(1_000, Math.round(rows / 10));
const beside = await uploadUpTo(table(small), { url, key, once: "beside", query });
const other = String(beside?.body["batch_id"]);
await eventually(
  () => batchOf(other),
  (seen) => gone(seen) > small / 100,
  LONGEST_MS,
);
const canceling = Date.now();
await pombo.api("POST", `/v1/batches/${other}/cancel`);
const canceledAt = Date.now();
say(`  canceled in ${canceledAt - canceling} ms`);

await reached(1);
const done = await eventually(
  () => batchOf(id),
  ({ counts }) => counts["read"] === rows,
  60_000,
).catch(() => batchOf(id));
over.abort();
await watching;
const seconds = (Date.now() - from) / 1_000;
say(`  everything was sent ${Math.round(seconds)} s after its last upload, pauses included`);
check("status", done.status, "completed");
check("gone out", gone(done), rows);
const rest = await eventually(
  () => batchOf(other),
  ({ counts }) => counts["sending"] === 0 && counts["queued"] === 0 && counts["unknown"] === 0,
  60_000,
);
check(
  "the other one",
  [rest.status, gone(rest) + (rest.counts["canceled"] ?? 0)],
  ["canceled", small],
);

// What the simulator saw
const stanzas = (await log.stop()).filter(({ kind }) => kind === "message");
const times = stanzas.map(({ at }) => Date.parse(at));
const late = (begin: number, end: number): number =>
  times.filter((at) => at > begin + IN_HAND_MS && at < end).length;
check("stanzas later than a second after the pause", late(pausedAt, resumedAt), 0);
const prefix = `3EB0${other.slice(4)}`;
const lateOfOther = stanzas.filter(
  ({ id: message, at }) =>
    message?.startsWith(prefix) === true && Date.parse(at) > canceledAt + IN_HAND_MS,
);
check("stanzas later than a second after the cancel", lateOfOther.length, 0);
const got = new Map<string, number>();
for (let person = 0; person < PEOPLE; person += 1)
  // oxlint-disable-next-line no-await-in-loop -- the simulator is one process
  for (const { id: message, copies } of await pombo.phoneMessages(String(FIRST + person)))
    got.set(message, (got.get(message) ?? 0) + copies);
const ids = new Set(
  Array.from(
    { length: rows },
    (_, at) => `3EB0${id.slice(4)}${(at + 1).toString(16).toUpperCase().padStart(7, "0")}`,
  ),
);
check("ids on phones", [...got.keys()].filter((message) => ids.has(message)).length, rows);
check("of the other one", got.size - rows, gone(rest));
check("copies beyond one", [...got.values()].filter((copies) => copies > 1).length, 0);
const slow = (await view.redis.slowlog("GET", 1_000)) as [number, number, number, string[]][];
say(`  ${slow.length} commands of Redis took longer than ${SLOW_US / 1_000} ms`);
for (const [, , us, [command = "", sha = ""]] of slow.slice(0, 10))
  say(`    ${Math.round(us / 1_000)} ms ${command} ${sha.slice(0, 12)}`);
for (const one of wrong) say(`✗ ${one}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
