import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { eventually } from "./eventually.ts";
import { lookIntoRedis, type RedisView } from "./look-into-redis.ts";
import { type PairedDevice, pairDevice } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

const ALERTS = join(import.meta.dirname, "..", "ops", "prometheus", "alerts.yml");
const SCRAPE_MS = 1_000;
const promtool = spawnSync("promtool", ["--version"]).error === undefined;

/** Every series of every process, as Prometheus would name it. */
type Samples = ReadonlyMap<string, number>;

let stack: AsyncDisposableStack;
let pombo: Pombo;
let view: RedisView;
let expressions: ReadonlyMap<string, string>;
let next = 0;
const someone = () => `55119500${String((next += 1)).padStart(5, "0")}`;
const freshDevice = (): Promise<PairedDevice> =>
  pairDevice(pombo, `5543900${String((next += 1)).padStart(6, "0")}`);

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
  };
  pombo = stack.use(await Pombo.start({ env, args: ["--workers", "2"] }));
  view = stack.use(await lookIntoRedis(pombo));
  const { groups } = parse(await readFile(ALERTS, "utf8")) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  expressions = new Map(rules.map(({ alert, expr }) => [alert, expr]));
}

async function scrape(): Promise<Samples> {
  const headers = { authorization: `Bearer ${pombo.ready.api_key}` };
  const asked = [
    told("pombo-api", ask(`${pombo.ready.api_url}/metrics`, { headers })),
    ...["worker-1", "worker-2", "notifier"].map(async (name) =>
      told(`pombo-${name}`, ask(await served(name))),
    ),
  ];
  return new Map((await Promise.all(asked)).flat());
}

/** A process that stands still never answers. */
function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(SCRAPE_MS) });
}

/** Where a process serves its metrics, as its log says. */
async function served(name: string): Promise<string> {
  const log = await readFile(join(pombo.data, "logs", `${name}.log`), "utf8");
  const line = log.split("\n").findLast((text) => text.includes('"metrics.served"'));
  return (JSON.parse(line ?? "{}") as { url: string }).url;
}

async function told(instance: string, answer: Promise<Response>): Promise<[string, number][]> {
  const { status, text } = await answer.then(
    async (response) => ({ status: response.status, text: await response.text() }),
    () => ({ status: 0, text: "" }),
  );
  const samples = [...text.matchAll(/^(pombo_\w+)(?:\{(.*)\})? (\S+)$/gm)];
  return [
    [`up{job="${instance}"}`, status === 200 ? 1 : 0],
    ...samples.map(([, name = "", labels = "", value]): [string, number] => [
      `${name}{${labels === "" ? "" : `${labels},`}instance="${instance}"}`,
      Number(value),
    ]),
  ];
}

/** The highest of all series with this name and these labels. */
function most(samples: Samples, name: string, labels = ""): number {
  const found = [...samples].filter(
    ([series]) => series.startsWith(`${name}{`) && series.includes(labels),
  );
  return Math.max(0, ...found.map(([, value]) => value));
}

/** Asks promtool whether the alert's expression holds three minutes after the numbers changed as they did. */
async function fires(alert: string, before: Samples, after: Samples): Promise<boolean> {
  const expr = expressions.get(alert) ?? "";
  const names = new Set(expr.match(/\b(?:pombo_\w+|up)\b/g));
  const used = [...after].filter(([series]) => names.has(series.split("{")[0] ?? ""));
  const series = used.map(([name, value]) => ({
    series: name,
    values: `${before.has(name) ? before.get(name) : "_"}x4 ${value}x10`,
  }));
  const check = {
    expr: `count(${expr}) > bool 0`,
    eval_time: "8m",
    exp_samples: [{ labels: "{}", value: 1 }],
  };
  const tests = [{ interval: "1m", input_series: series, promql_expr_test: [check] }];
  const folder = await mkdtemp(join(tmpdir(), "pombo-alerts-"));
  const file = join(folder, "test.yml");
  await writeFile(file, stringify({ evaluation_interval: "1m", tests }));
  const { status } = spawnSync("promtool", ["test", "rules", file]);
  await rm(folder, { recursive: true });
  return status === 0;
}

interface Cause {
  readonly alert: string;
  readonly prepare?: () => Promise<unknown>;
  readonly provoke: () => Promise<unknown>;
  /** What the processes tell once it has happened. */
  readonly shows: (now: Samples, before: Samples) => boolean;
  readonly mend?: () => Promise<unknown>;
}

const attention = (kind: string) => (now: Samples) =>
  most(now, "pombo_attention", `kind="${kind}"`) > 0;
const rises = (by: number, name: string, labels: string) => (now: Samples, before: Samples) =>
  most(now, name, labels) - most(before, name, labels) >= by;
const all = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work));

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

async function signal(group: "notifier" | "api", name: "SIGSTOP" | "SIGCONT"): Promise<void> {
  for (const pid of (await pombo.living())[group]) process.kill(pid, name);
}

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
      const { id: from } = await freshDevice();
      await pombo.api("POST", `/v1/devices/${from}/disconnect`);
      await pombo.send(someone(), "later", { from });
    },
    shows: attention("offline_with_backlog"),
  },
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
    provoke: () => all(4, () => pombo.send(someone(), "told to nobody either")),
    shows: attention("webhook_failing"),
  },
  {
    alert: "PomboMemoryGuardNear",
    provoke: () => fillTo(0.65),
    shows: (now) => most(now, "pombo_redis_used_percent") >= 60,
    mend: () => view.redis.config("SET", "maxmemory", "0"),
  },
  {
    alert: "PomboMemoryGuardClosed",
    provoke: () => fillTo(0.8),
    shows: (now) => most(now, "pombo_redis_used_percent") >= 70,
    mend: () => view.redis.config("SET", "maxmemory", "0"),
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
  },
  {
    alert: "PomboNoNotifier",
    provoke: () => signal("notifier", "SIGSTOP"),
    shows: (now) => now.get('up{job="pombo-notifier"}') === 0,
    mend: () => signal("notifier", "SIGCONT"),
  },
  {
    alert: "PomboProcessDown",
    provoke: () => signal("notifier", "SIGSTOP"),
    shows: (now) => now.get('up{job="pombo-notifier"}') === 0,
    mend: () => signal("notifier", "SIGCONT"),
  },
  {
    alert: "PomboBlind",
    provoke: () => signal("api", "SIGSTOP"),
    shows: (now) => ![...now.keys()].some((series) => series.startsWith("pombo_workers{")),
    mend: () => signal("api", "SIGCONT"),
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
    async provoke() {
      for (const worker of (await pombo.living()).worker) process.kill(worker, "SIGSTOP");
    },
    shows: (now) => attention("no_worker")(now) || most(now, "pombo_workers") === 0,
    async mend() {
      for (const worker of (await pombo.living()).worker) process.kill(worker, "SIGCONT");
    },
  },
];

// promtool comes with Debian's package `prometheus`.
describe.skipIf(!promtool)("alerts, by promtool (skipped where it is not installed)", () => {
  beforeAll(setUp);
  afterAll(() => stack.disposeAsync());

  test.each(CAUSES.map((cause) => [cause.alert, cause] as const))(
    "%s fires when its cause is provoked, and not before",
    async (alert, { prepare, provoke, shows, mend }) => {
      await prepare?.();
      const before = await scrape();
      expect(await fires(alert, before, before)).toBe(false);
      try {
        await provoke();
        const after = await eventually(scrape, (now) => shows(now, before), 60_000);
        expect(await fires(alert, before, after)).toBe(true);
      } finally {
        await mend?.();
      }
    },
  );
});
