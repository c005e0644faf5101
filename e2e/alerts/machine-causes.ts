import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../eventually.ts";
import { fillDisk, makeRoom } from "./full-disk.ts";
import { most, type Samples, total } from "./scrape.ts";
import { all, attention, type Cause, quiet, rises, type Stage } from "./stage.ts";

const allWork = (now: Samples): boolean =>
  most(now, "pombo_workers") === 2 && quiet("no_worker")(now);

const allRun = (now: Samples): boolean =>
  total(now, "pombo_lanes_run") === most(now, "pombo_devices");

/** What happens to Redis and to the processes; one after the other. */
export const MACHINE_CAUSES: readonly Cause[] = [
  {
    alert: "PomboMemoryGuardNear",
    provoke: ({ fillTo }) => fillTo(0.65),
    shows: (now) => most(now, "pombo_redis_used_percent") >= 60,
    mend: ({ view }) => view.redis.config("SET", "maxmemory", "0"),
    ends: quiet("redis"),
  },
  {
    alert: "PomboMemoryGuardClosed",
    provoke: ({ fillTo }) => fillTo(0.8),
    shows: (now) => most(now, "pombo_redis_used_percent") >= 70,
    mend: ({ view }) => view.redis.config("SET", "maxmemory", "0"),
    ends: quiet("redis"),
  },
  {
    alert: "PomboApiErrors",
    // The first one makes the series, the others let it rise.
    async prepare({ fillTo, refused }) {
      await fillTo(0.8);
      await eventually(refused, (status) => status === 503);
    },
    provoke: ({ refused }) => all(200, refused),
    shows: rises(200, "pombo_http_request_seconds_count", 'status="503"'),
    mend: ({ view }) => view.redis.config("SET", "maxmemory", "0"),
  },
  {
    alert: "PomboRedisSlow",
    provoke: ({ view }) => view.redis.call("CLIENT", "PAUSE", "700", "ALL"),
    shows: (now) => most(now, "pombo_redis_round_trip_seconds") > 0.1,
    ends: (now) => most(now, "pombo_redis_round_trip_seconds") < 0.1,
  },
  {
    alert: "PomboEventLoopLag",
    // Each look begins a new measurement.
    prepare: ({ scrape }) =>
      eventually(scrape, (now) => most(now, "nodejs_eventloop_lag_p99_seconds") < 0.5),
    async provoke({ pombo }) {
      const [worker = 0] = (await pombo.living()).worker;
      await throttle(worker);
    },
    shows: (now) => most(now, "nodejs_eventloop_lag_p99_seconds") > 0.5,
    ends: (now) => most(now, "nodejs_eventloop_lag_p99_seconds") < 0.5,
  },
  {
    alert: "PomboNoNotifier",
    provoke: ({ signal }) => signal("notifier", "SIGSTOP"),
    shows: (now) => now.get('up{job="pombo-notifier"}') === 0,
    mend: ({ signal }) => signal("notifier", "SIGCONT"),
    ends: (now) => now.get('up{job="pombo-notifier"}') === 1,
  },
  {
    alert: "PomboProcessDown",
    provoke: ({ signal }) => signal("notifier", "SIGSTOP"),
    shows: (now) => now.get('up{job="pombo-notifier"}') === 0,
    mend: ({ signal }) => signal("notifier", "SIGCONT"),
    ends: (now) => now.get('up{job="pombo-notifier"}') === 1,
  },
  {
    alert: "PomboBlind",
    provoke: ({ signal }) => signal("api", "SIGSTOP"),
    shows: (now) => ![...now.keys()].some((series) => series.startsWith("pombo_workers{")),
    mend: ({ signal }) => signal("api", "SIGCONT"),
    ends: (now) => most(now, "pombo_workers") > 0,
  },
  {
    alert: "PomboLeasesLost",
    async provoke({ pombo, scrape }) {
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
    provoke: ({ signal }) => signal("worker", "SIGSTOP"),
    shows: (now) => attention("no_worker")(now) || most(now, "pombo_workers") === 0,
    mend: ({ signal }) => signal("worker", "SIGCONT"),
    ends: allWork,
  },
  {
    alert: "PomboLaneFaults",
    async provoke({ pombo, view, someone, freshDevice }) {
      const { id: from } = await freshDevice();
      await pombo.api("PATCH", `/v1/devices/${from}`, { pace: { per_minute: 60 } });
      await all(20, () => pombo.send(someone(), "in its turn", { from }));
      await fillDisk(view);
    },
    shows: rises(5, "pombo_lane_faults_total", 'fault="turn_failed"'),
    mend: ({ view }) => makeRoom(view),
  },
  {
    alert: "PomboRedisNotWriting",
    begins: quiet("redis"),
    provoke: ({ view }) => fillDisk(view),
    // The workers and the notifier tell their metrics all the same.
    shows: (now) => attention("redis")(now) && now.get('up{job="pombo-notifier"}') === 1,
    mend: ({ view }) => makeRoom(view),
    ends: quiet("redis"),
  },
  {
    alert: "PomboLeaseChurn",
    begins: allRun,
    provoke: churn,
    shows: allRun,
  },
];

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

/** All workers die at once and come back, again and again. */
async function churn({ pombo, scrape, signal }: Stage): Promise<void> {
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
