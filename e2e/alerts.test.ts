import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { DEFAULT_SETTINGS, type DeviceId, mintMessageId } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillDisk, makeRoom } from "./alerts/full-disk.ts";
import { promtool, readRules, type Rules } from "./alerts/rules.ts";
import { most, type Samples, scrapeAll, total } from "./alerts/scrape.ts";
import { eventually } from "./eventually.ts";
import { lookIntoRedis, type RedisView } from "./look-into-redis.ts";
import { type PairedDevice, pairDevice } from "./pair-devices.ts";
import { type Message, Pombo, QUICK } from "./pombo.ts";

let stack: AsyncDisposableStack;
let pombo: Pombo;
let view: RedisView;
let rules: Rules;
let next = 0;
const someone = () => `55119500${String((next += 1)).padStart(5, "0")}`;
const freshDevice = (): Promise<PairedDevice> =>
  pairDevice(pombo, `5543900${String((next += 1)).padStart(6, "0")}`);
const scrape = (): Promise<Samples> => scrapeAll(pombo);

async function setUp(): Promise<void> {
  stack = new AsyncDisposableStack();
  const env = {
    ...QUICK,
    POMBO_HOLD_MS: "600000",
    POMBO_OVERVIEW_REFRESH_MS: "100",
    POMBO_METRICS_PORT: "0",
    POMBO_WEBHOOK_BACKOFF_BASE_MS: "50",
    POMBO_WEBHOOK_RETRY_MS: "500",
    POMBO_WEBHOOK_CIRCUIT_MS: "5000",
    POMBO_DRAIN_WATCH_MS: "5000",
  };
  pombo = stack.use(await Pombo.start({ env, args: ["--workers", "2"] }));
  view = stack.use(await lookIntoRedis(pombo));
  rules = await readRules();
}

interface Cause {
  readonly alert: string;
  readonly prepare?: () => Promise<unknown>;
  /** What the processes tell before it happens; anything when absent. */
  readonly begins?: (now: Samples) => boolean;
  readonly provoke: () => Promise<unknown>;
  /** What the processes tell once it has happened. */
  readonly shows: (now: Samples, before: Samples) => boolean;
  readonly mend?: () => Promise<unknown>;
  /** What they tell once it is mended. */
  readonly ends?: (now: Samples) => boolean;
}

const attention = (kind: string) => (now: Samples) =>
  most(now, "pombo_attention", `kind="${kind}"`) > 0;
const quiet = (kind: string) => (now: Samples) =>
  now.get('up{job="pombo-api"}') === 1 && !attention(kind)(now);
const rises = (by: number, name: string, labels: string) => (now: Samples, before: Samples) =>
  total(now, name, labels) - total(before, name, labels) >= by;
const all = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work));

const hasArrived = ({ status }: Message): boolean => ["delivered", "read"].includes(status);
const isOver = (message: Message): boolean => hasArrived(message) || message.status === "failed";

/** Lets Redis be as full as that. */
async function fillTo(share: number): Promise<void> {
  const used = /used_memory:(\d+)/.exec(await view.redis.info("memory"))?.[1];
  await view.redis.config("SET", "maxmemory", String(Math.ceil(Number(used) / share)));
}

/** Asks for a message that is not taken while Redis is full. */
async function refused(): Promise<number> {
  const body = { from: pombo.ready.device_id, to: someone(), text: "no room" };
  return (await pombo.api("POST", "/v1/messages", body)).status;
}

type Group = "notifier" | "api" | "worker";

async function signal(group: Group, name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): Promise<void> {
  for (const pid of (await pombo.living())[group]) process.kill(pid, name);
}

/** Messages wait on a paused lane, until it is resumed. */
function pausedLane(
  alert: string,
  olderThan: { readonly seconds: number; readonly of: string },
  accept: (device: string) => Promise<unknown>,
): Cause {
  const { seconds, of } = olderThan;
  const age = (now: Samples): number => most(now, "pombo_oldest_waiting_seconds", `class="${of}"`);
  let device = "";
  return {
    alert,
    async provoke() {
      device = (await freshDevice()).id;
      await pombo.api("POST", `/v1/devices/${device}/lane/pause`);
      await accept(device);
    },
    shows: (now) => age(now) > seconds,
    mend: () => pombo.api("POST", `/v1/devices/${device}/lane/resume`),
    ends: (now) => now.get('up{job="pombo-api"}') === 1 && age(now) < seconds,
  };
}

const HOURS_4 = 14_400;

/** Nobody waits for four hours here: the ledger accepts it as it would have done then. */
async function acceptLongAgo(device: string): Promise<void> {
  const ledger = openLedger({ redis: view.redis, keys: view.keys, settings: DEFAULT_SETTINGS });
  const accepted = await ledger.accept({
    id: mintMessageId(randomBytes(9)),
    deviceId: device as DeviceId,
    recipient: someone(),
    content: { kind: "text", text: "accepted long ago" },
    priority: "normal",
    keyId: "key_1",
    at: Date.now() - (HOURS_4 + 60) * 1_000,
  });
  expect(accepted.kind).toBe("accepted");
}

/** What stands there in the place of the lane's jobs is no list: BullMQ can neither add nor fetch one. */
function brokenQueue(): Cause {
  let device = "";
  let message = "";
  const jobs = (): string => `${view.keys.tag}:lanes:${device}:wait`;
  return {
    alert: "PomboNothingDrains",
    async provoke() {
      device = (await freshDevice()).id;
      await view.redis.set(jobs(), "restored by hand");
      message = await pombo.send(someone(), "stuck", { from: device });
    },
    shows: attention("unexplained_stall"),
    // As the runbook says.
    async mend() {
      await view.redis.del(jobs());
      await pombo.api("POST", `/v1/devices/${device}/disconnect`);
      await pombo.api("POST", `/v1/devices/${device}/connect`);
      await pombo.until(message, hasArrived, 30_000);
    },
    ends: quiet("unexplained_stall"),
  };
}

/** Throttles a process as a limit on its CPU does. */
async function throttle(pid: number): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    process.kill(pid, "SIGSTOP");
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await pause(700);
    process.kill(pid, "SIGCONT");
    // oxlint-disable-next-line no-await-in-loop
    await pause(60);
  }
}

const allWork = (now: Samples): boolean =>
  most(now, "pombo_workers") === 2 && quiet("no_worker")(now);

const allRun = (now: Samples): boolean =>
  total(now, "pombo_lanes_run") === most(now, "pombo_devices");

/** All workers die at once and come back, again and again. */
async function churn(): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one round after the other
    const killed = (await pombo.living()).worker;
    // oxlint-disable-next-line no-await-in-loop
    await signal("worker", "SIGKILL");
    const born = ({ worker }: { worker: readonly number[] }) =>
      worker.length === 2 && worker.every((pid) => !killed.includes(pid));
    // oxlint-disable-next-line no-await-in-loop
    await eventually(() => pombo.living(), born, 30_000);
    // oxlint-disable-next-line no-await-in-loop
    await eventually(scrape, allRun, 30_000);
  }
}

const lost = (now: Samples): number => total(now, "pombo_connections_lost_total");

/** The network between a worker and WhatsApp breaks, again and again. */
async function flap(): Promise<void> {
  const { id, phone } = await freshDevice();
  for (let round = 0; round < 10; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const before = lost(await scrape());
    // oxlint-disable-next-line no-await-in-loop
    await pombo.fault("socket", "close", { match: { device: phone } });
    // oxlint-disable-next-line no-await-in-loop
    await eventually(scrape, (now) => lost(now) > before);
    // oxlint-disable-next-line no-await-in-loop
    await eventually(
      () => pombo.device(id),
      ({ state }) => state === "connected",
    );
  }
}

const unanswered: string[] = [];

const CAUSES: readonly Cause[] = [
  {
    alert: "PomboHold",
    async provoke() {
      const { id: from, phone } = await freshDevice();
      const restricted_until = Math.ceil(Date.now() / 1_000) + 600;
      await pombo.control("POST", `/admin/phones/${phone}/settings`, { restricted_until });
      await pombo.send(someone(), "cold", { from });
    },
    shows: attention("hold"),
  },
  {
    alert: "PomboDeadLettersRising",
    async provoke() {
      await pombo.fault("message", { nack: 400 }, { times: 6 });
      await all(6, () => pombo.send(someone(), "refused"));
    },
    shows: (now) => attention("dead_letters_rising")(now) && most(now, "pombo_dead_letters") >= 6,
  },
  {
    alert: "PomboOutcomesUnknown",
    async provoke() {
      await pombo.fault("message", "no_ack", { times: 90 });
      // A receipt would prove it as well.
      await pombo.fault("receipt", "drop", { times: 90 });
      unanswered.push(...(await all(8, () => pombo.send(someone(), "no answer"))));
    },
    shows: (now) => most(now, "pombo_messages_lately", 'status="unknown"') >= 8,
    // Receipts that still come would prove that somebody acks.
    async mend() {
      await pombo.control("DELETE", "/admin/faults");
      await Promise.all(unanswered.map((id) => pombo.until(id, isOver, 60_000)));
    },
  },
  {
    alert: "PomboNoAcks",
    // The first one makes the series, the others let it rise.
    async prepare() {
      await pombo.fault("message", "no_ack", { times: 90 });
      // A receipt would prove it as well.
      await pombo.fault("receipt", "drop", { times: 90 });
      await pombo.send(someone(), "no answer");
      const seen = (now: Samples) => most(now, "pombo_jobs_total", 'end="reconcile"') > 0;
      await eventually(scrape, seen);
    },
    provoke: () => all(12, () => pombo.send(someone(), "no answer either")),
    shows: rises(11, "pombo_jobs_total", 'end="reconcile"'),
    mend: () => pombo.control("DELETE", "/admin/faults"),
  },
  {
    alert: "PomboAccountBlocked",
    async provoke() {
      const match = { device: (await freshDevice()).phone };
      await pombo.fault("login", { failure: 403 }, { match });
      await pombo.fault("socket", "close", { match });
    },
    shows: attention("blocked_account"),
  },
  {
    alert: "PomboDeviceLoggedOut",
    async provoke() {
      const { phone } = await freshDevice();
      await pombo.fault("socket", "unlink", { match: { device: phone } });
    },
    shows: rises(1, "pombo_devices_in_state", 'state="logged_out"'),
  },
  {
    alert: "PomboDeviceOfflineWithBacklog",
    async provoke() {
      const { id: from, phone } = await freshDevice();
      const match = { device: phone };
      await pombo.fault("login", "close", { match, times: null });
      await pombo.fault("socket", "close", { match });
      const away = ({ state }: { state: string }) => state === "connecting";
      await eventually(() => pombo.device(from), away);
      await pombo.send(someone(), "later", { from });
    },
    shows: attention("offline_with_backlog"),
    mend: () => pombo.control("DELETE", "/admin/faults"),
    ends: quiet("offline_with_backlog"),
  },
  {
    alert: "PomboDeviceFlapping",
    provoke: flap,
    shows: rises(10, "pombo_connections_lost_total", ""),
  },
  brokenQueue(),
  pausedLane("PomboOneTimePasswordsWait", { seconds: 30, of: "otp" }, (from) =>
    pombo.send(someone(), "123456", { from, priority: "otp" }),
  ),
  pausedLane("PomboBacklogOld", { seconds: HOURS_4, of: "normal" }, acceptLongAgo),
  {
    alert: "PomboWebhookParked",
    async provoke() {
      // Port 9 of this machine: nobody is there.
      const body = { url: "http://127.0.0.1:9/", events: ["message.*"] };
      const { status } = await pombo.api("POST", "/v1/webhooks", body);
      expect(status).toBe(201);
      await pombo.send(someone(), "told to nobody");
    },
    shows: rises(1, "pombo_webhook_deliveries_total", 'verdict="park"'),
  },
  {
    alert: "PomboWebhookFailing",
    // The one before may have been left alone already.
    begins: quiet("webhook_failing"),
    provoke: () => all(4, () => pombo.send(someone(), "told to nobody either")),
    shows: attention("webhook_failing"),
    async mend() {
      type Listed = { webhooks: { webhook_id: string }[] };
      const { webhooks } = (await pombo.api<Listed>("GET", "/v1/webhooks")).body;
      for (const { webhook_id: id } of webhooks)
        // oxlint-disable-next-line no-await-in-loop -- there is one
        await pombo.api("DELETE", `/v1/webhooks/${id}`);
    },
    ends: quiet("webhook_failing"),
  },
  {
    alert: "PomboMemoryGuardNear",
    provoke: () => fillTo(0.65),
    shows: (now) => most(now, "pombo_redis_used_percent") >= 60,
    mend: () => view.redis.config("SET", "maxmemory", "0"),
    ends: quiet("redis"),
  },
  {
    alert: "PomboMemoryGuardClosed",
    provoke: () => fillTo(0.8),
    shows: (now) => most(now, "pombo_redis_used_percent") >= 70,
    mend: () => view.redis.config("SET", "maxmemory", "0"),
    ends: quiet("redis"),
  },
  {
    alert: "PomboApiErrors",
    // The first one makes the series, the others let it rise.
    async prepare() {
      await fillTo(0.8);
      await eventually(refused, (status) => status === 503);
    },
    provoke: () => all(200, refused),
    shows: rises(200, "pombo_http_request_seconds_count", 'status="503"'),
    mend: () => view.redis.config("SET", "maxmemory", "0"),
  },
  {
    alert: "PomboRedisSlow",
    provoke: () => view.redis.call("CLIENT", "PAUSE", "700", "ALL"),
    shows: (now) => most(now, "pombo_redis_round_trip_seconds") > 0.1,
    ends: (now) => most(now, "pombo_redis_round_trip_seconds") < 0.1,
  },
  {
    alert: "PomboEventLoopLag",
    // Each look begins a new measurement.
    prepare: () => eventually(scrape, (now) => most(now, "nodejs_eventloop_lag_p99_seconds") < 0.5),
    async provoke() {
      const [worker = 0] = (await pombo.living()).worker;
      await throttle(worker);
    },
    shows: (now) => most(now, "nodejs_eventloop_lag_p99_seconds") > 0.5,
    ends: (now) => most(now, "nodejs_eventloop_lag_p99_seconds") < 0.5,
  },
  {
    alert: "PomboNoNotifier",
    provoke: () => signal("notifier", "SIGSTOP"),
    shows: (now) => now.get('up{job="pombo-notifier"}') === 0,
    mend: () => signal("notifier", "SIGCONT"),
    ends: (now) => now.get('up{job="pombo-notifier"}') === 1,
  },
  {
    alert: "PomboProcessDown",
    provoke: () => signal("notifier", "SIGSTOP"),
    shows: (now) => now.get('up{job="pombo-notifier"}') === 0,
    mend: () => signal("notifier", "SIGCONT"),
    ends: (now) => now.get('up{job="pombo-notifier"}') === 1,
  },
  {
    alert: "PomboBlind",
    provoke: () => signal("api", "SIGSTOP"),
    shows: (now) => ![...now.keys()].some((series) => series.startsWith("pombo_workers{")),
    mend: () => signal("api", "SIGCONT"),
    ends: (now) => most(now, "pombo_workers") > 0,
  },
  {
    alert: "PomboLeasesLost",
    async provoke() {
      const [worker = 0] = (await pombo.living()).worker;
      process.kill(worker, "SIGSTOP");
      await eventually(scrape, (now) => most(now, "pombo_workers") === 1, 30_000);
      await eventually(scrape, (now) => most(now, "pombo_devices_without_worker") === 0, 30_000);
      process.kill(worker, "SIGCONT");
    },
    shows: rises(1, "pombo_lease_changes_total", 'change="lost"'),
  },
  {
    alert: "PomboNoWorker",
    begins: allWork,
    provoke: () => signal("worker", "SIGSTOP"),
    shows: (now) => attention("no_worker")(now) || most(now, "pombo_workers") === 0,
    mend: () => signal("worker", "SIGCONT"),
    ends: allWork,
  },
  {
    alert: "PomboLaneFaults",
    async provoke() {
      const { id: from } = await freshDevice();
      await pombo.api("PATCH", `/v1/devices/${from}`, { pace: { per_minute: 60 } });
      await all(20, () => pombo.send(someone(), "in its turn", { from }));
      await fillDisk(view);
    },
    shows: rises(5, "pombo_lane_faults_total", 'fault="turn_failed"'),
    mend: () => makeRoom(view),
  },
  {
    alert: "PomboRedisNotWriting",
    begins: quiet("redis"),
    provoke: () => fillDisk(view),
    // The workers and the notifier tell their metrics all the same.
    shows: (now) => attention("redis")(now) && now.get('up{job="pombo-notifier"}') === 1,
    mend: () => makeRoom(view),
    ends: quiet("redis"),
  },
  {
    alert: "PomboLeaseChurn",
    begins: allRun,
    provoke: churn,
    shows: allRun,
  },
];

describe.skipIf(!promtool)("alerts, by promtool (skipped where it is not installed)", () => {
  beforeAll(setUp);
  afterAll(() => stack.disposeAsync());

  test("each rule has its cause", () => {
    expect(CAUSES.map(({ alert }) => alert).toSorted()).toEqual(rules.names.toSorted());
  });

  test.each(CAUSES.map((cause) => [cause.alert, cause] as const))(
    "%s fires when its cause is provoked, not before, and not when it is mended",
    async (alert, { prepare, begins = () => true, provoke, shows, mend, ends }) => {
      await prepare?.();
      const before = await eventually(scrape, begins, 30_000);
      const course: (readonly [Samples, number])[] = [[before, 5]];
      expect(await rules.holds(alert, course)).toBe(false);
      try {
        await provoke();
        const after = await eventually(scrape, (now) => shows(now, before), 60_000);
        expect(await rules.holds(alert, [...course, [after, 4]])).toBe(true);
        course.push([after, 10]);
      } finally {
        await mend?.();
      }
      if (ends === undefined) return;
      const later = await eventually(scrape, ends, 60_000);
      expect(await rules.holds(alert, [...course, [later, 40]])).toBe(false);
    },
  );
});
