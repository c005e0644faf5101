import { DEFAULT_SETTINGS } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followLog, type LogEntry } from "./chaos/follow-log.ts";
import { fleetCycles, fleetDevices } from "./config.ts";
import { countsOf, type Leases, NOBODY, openLeases } from "./leases.ts";
import { type OutsideProcess, startOutside } from "./outside-process.ts";
import { type PairedDevice, pairDevices } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

const LEASE_MS = 6_000;
const HALF = Math.ceil(fleetDevices / 2);
/** Of the second of two workers: the first one gives nothing away for a tenth too much. */
const FAIR_SHARE = fleetDevices - HALF - Math.max(1, Math.floor(HALF / 10));
const PATIENT_MS = 60_000;
const env = { ...QUICK, POMBO_LEASE_TTL_MS: String(LEASE_MS) };

let stack: AsyncDisposableStack;
let pombo: Pombo;
let leases: Leases;
let devices: readonly PairedDevice[];
let ids: readonly string[];

/** The supervisor's own worker goes once the devices are paired: each test brings those that it needs. */
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  pombo = stack.use(await Pombo.start({ env, args: ["--no-restart"] }));
  leases = stack.use(await openLeases(pombo));
  const own = { id: pombo.ready.device_id, phone: pombo.ready.phone };
  devices = [own, ...(await pairDevices(pombo, fleetDevices - 1))];
  ids = devices.map(({ id }) => id);
  for (const pid of pombo.ready.pids.worker) process.kill(pid, "SIGTERM");
  await leases.until(ids, (counts) => counts[NOBODY] === fleetDevices, PATIENT_MS);
}, 240_000);
afterAll(() => stack.disposeAsync());

function worker(name: string, over: Readonly<Record<string, string>> = {}) {
  return startOutside(pombo, "worker", { POMBO_WORKER_ID: name, ...over });
}

/** A worker that owns all devices, all of them connected. */
async function ownerOfAll(name: string, over: Readonly<Record<string, string>> = {}) {
  const process_ = await worker(name, over);
  await leases.until(ids, (counts) => counts[name] === fleetDevices, PATIENT_MS);
  await everyDeviceSends(`${name} is there`);
  return process_;
}

let recipients = 0;
/** One message on each device, to somebody of its own; resolves with the ids when all are read. */
async function everyDeviceSends(text: string, withinMs = PATIENT_MS): Promise<readonly string[]> {
  recipients += 1;
  const sent = await Promise.all(
    devices.map(({ id }, index) =>
      pombo.send(`5561${recipients}${String(1_000_000 + index)}`, text, { from: id }),
    ),
  );
  await Promise.all(sent.map((id) => pombo.until(id, ({ status }) => status === "read", withinMs)));
  return sent;
}

async function gone(process_: OutsideProcess): Promise<void> {
  process_.kill("SIGKILL");
  await process_.ended;
}

const replaced = (log: readonly LogEntry[]) =>
  log.filter(({ kind, reason }) => kind === "close" && reason === "replaced");

test("a worker is killed while another is idle: every device sends again within its lease and ten seconds", async () => {
  const first = await ownerOfAll("killed");
  await using _second = await worker("idle");
  await gone(first);
  const began = Date.now();
  await everyDeviceSends("after the kill", LEASE_MS + 10_000);
  expect(Date.now() - began).toBeLessThan(LEASE_MS + 10_000);
});

test("SIGTERM under load: exit 0 once all is handed over, no device is silent for two seconds, no attempt is used up", async () => {
  // A hundred devices: 200 messages a second, which two slow cores can do.
  const pace = { POMBO_PACE_GAP_MS: "500" };
  await using first = await ownerOfAll("leaving", pace);
  await using _second = await worker("taking-over", pace);
  const log = await followLog(pombo);
  const sent = await Promise.all(
    devices.flatMap(({ id }, index) =>
      Array.from({ length: 25 }, (_, count) =>
        pombo.send(`5562${String(1_000_000 + index)}`, `under load ${count}`, { from: id }),
      ),
    ),
  );
  const told = Date.now();
  first.kill("SIGTERM");
  expect(await first.ended).toBe(0);
  expect(Date.now() - told).toBeLessThan(DEFAULT_SETTINGS.handover_ms);
  const messages = await Promise.all(
    sent.map((id) => pombo.until(id, ({ status }) => status === "read", PATIENT_MS)),
  );
  expect(messages.filter(({ attempts }) => attempts !== 1)).toEqual([]);
  const entries = await log.stop();
  expect(longestGap(entries, new Set(sent))).toBeLessThan(2_000);
  expect(replaced(entries)).toEqual([]);
});

/** Between two acks of one device, ms. */
function longestGap(log: readonly LogEntry[], ours: ReadonlySet<string>): number {
  const acks = log.filter(({ kind, id }) => kind === "ack" && ours.has(id ?? ""));
  const byDevice = Map.groupBy(acks, ({ device }) => device);
  return Math.max(
    ...[...byDevice.values()].flatMap((list) =>
      list.slice(1).map(({ at }, index) => Date.parse(at) - Date.parse(list[index]?.at ?? at)),
    ),
  );
}

test("a worker that joins gets its share, and no device wanders twice", async () => {
  await using first = await ownerOfAll("there-before");
  const before = await leases.of(ids);
  await using _second = await worker("joins");
  const after = await leases.until(
    ids,
    (counts) => (counts["joins"] ?? 0) >= FAIR_SHARE && counts[NOBODY] === undefined,
    PATIENT_MS,
  );
  await everyDeviceSends("shared out");
  const later = await leases.of(ids);
  expect(later).toEqual(after);
  const moved = later.filter(({ epoch }, index) => epoch !== before[index]?.epoch);
  expect(moved.every(({ worker: name }) => name === "joins")).toBe(true);
  expect(
    moved.map(
      ({ epoch, device }) => epoch - (before.find((it) => it.device === device)?.epoch ?? 0),
    ),
  ).toEqual(moved.map(() => 1));
  first.kill("SIGTERM");
});

test("a worker stands still for longer than its leases, then goes on: nothing is sent twice, and it gets its share again", async () => {
  await using first = await ownerOfAll("frozen");
  await using _second = await worker("awake");
  await leases.until(ids, (counts) => (counts["awake"] ?? 0) >= FAIR_SHARE, PATIENT_MS);
  first.kill("SIGSTOP");
  const sent = await everyDeviceSends("while one stands still");
  expect(countsOf(await leases.of(ids))).toEqual({ awake: fleetDevices });
  first.kill("SIGCONT");
  await leases.until(ids, (counts) => (counts["frozen"] ?? 0) >= FAIR_SHARE, PATIENT_MS);
  const later = await everyDeviceSends("after it went on");
  const messages = await Promise.all([...sent, ...later].map((id) => pombo.message(id)));
  expect(messages.filter(({ attempts }) => attempts > 1)).toEqual([]);
});

test("workers come and go under load: no device has two owners, and no lease is left over", async () => {
  const log = await followLog(pombo);
  await using _stays = await ownerOfAll("stays");
  for (let cycle = 0; cycle < fleetCycles; cycle += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one guest after the other
    const guest = await worker(`guest-${cycle}`);
    // oxlint-disable-next-line no-await-in-loop
    const [messages] = await Promise.all([everyDeviceSends(`cycle ${cycle}`), endLater(guest)]);
    expect(messages).toHaveLength(fleetDevices);
  }
  await leases.until(ids, (counts) => counts["stays"] === fleetDevices, PATIENT_MS);
  expect(replaced(await log.stop())).toEqual([]);
});

/** As soon as it owns something: in the middle of the load. */
async function endLater(guest: OutsideProcess): Promise<void> {
  await leases.until(
    ids,
    (counts) => Object.keys(counts).some((name) => name.startsWith("guest")),
    PATIENT_MS,
  );
  guest.kill("SIGTERM");
  expect(await guest.ended).toBe(0);
}
