import { setTimeout as pause } from "node:timers/promises";
import { followLog, type LogEntry } from "../chaos/follow-log.ts";
import { eventually } from "../eventually.ts";
import { pairDevices, type PairedDevice } from "../pair-devices.ts";
import { Pombo } from "../pombo.ts";
import { type Balancer, openBalancer } from "./balancer.ts";

export interface RollingOptions {
  readonly rate: number;
  readonly devices: number;
  readonly workers: number;
  readonly apis: number;
  /** How long it is looked at before the first restart. */
  readonly idleMs: number;
  /** Between two restarts, after the new process is ready. */
  readonly restMs: number;
  /** Keeps the data and the logs there. */
  readonly data?: string;
}

export interface RollingReport {
  readonly restarts: readonly { readonly name: string; readonly ms: number }[];
  readonly accepted: number;
  readonly errors: readonly string[];
  readonly refused: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly unsettled: readonly string[];
  readonly idleP99: number;
  readonly p99: number;
  /** Logins of each device since the first restart. */
  readonly logins: readonly number[];
  readonly kickedOut: number;
}

type Tell = (says: string) => void;

const RESTARTED_WITHIN_MS = 120_000;
const SETTLED_WITHIN_MS = 300_000;
/** The first requests of a process are slow: they would make all others look fast. */
const WARM_MS = 5_000;
/** Looked at anew so often by the balancer, and a little. */
const DRAIN_MS = 1_000;
const POLLED = 1_000;
/** Not out yet: counted as not settled, and not as lost. */
const WAITS: ReadonlySet<string> = new Set(["scheduled", "queued", "sending", "unknown"]);
const GONE_OUT: ReadonlySet<string> = new Set(["sent", "delivered", "read", "played"]);

/** Every process of Pombo is replaced, one at a time, while a client sends at a steady rate through a balancer. */
export async function runRollingRestart(
  options: RollingOptions,
  tell: Tell,
): Promise<RollingReport> {
  await using stack = new AsyncDisposableStack();
  const pombo = stack.use(
    await Pombo.start({
      ...(options.data === undefined ? {} : { data: options.data }),
      args: ["--workers", String(options.workers), "--apis", String(options.apis)],
      env: { POMBO_DRAIN_MS: String(DRAIN_MS), POMBO_WORKER_RETURN_MS: "30000" },
    }),
  );
  const devices = await pairDevices(pombo, options.devices);
  const balancer = stack.use(await openBalancer(pombo.ready.api_urls));
  const log = await followLog(pombo);
  tell(`${options.devices} devices are paired`);

  const sending = sendSteadily({ pombo, balancer, devices, rate: options.rate });
  await pause(WARM_MS);
  const warm = Date.now();
  await pause(options.idleMs);
  const began = Date.now();
  const restarts = await restartEach(pombo, options, tell);
  await pause(options.restMs);
  const sent = await sending.stop();
  tell(`${sent.length} messages were sent; waiting until they are settled`);

  const accepted = sent.flatMap(({ id }) => id ?? []);
  const statuses = await settled(pombo, accepted);
  const entries = await log.stop();
  return {
    restarts,
    accepted: accepted.length,
    errors: sent.flatMap(({ error }) => error ?? []),
    refused: balancer.refused(),
    ...judgeMessages(accepted, statuses, entries),
    idleP99: p99(sent.filter(({ at }) => at >= warm && at < began)),
    p99: p99(sent.filter(({ at }) => at >= began)),
    ...judgeLogins(entries, began),
  };
}

interface Sent {
  readonly at: number;
  readonly ms: number;
  readonly id?: string;
  readonly error?: string;
}

/** Each at its time, whether the ones before were answered or not. */
function sendSteadily(deps: {
  readonly pombo: Pombo;
  readonly balancer: Balancer;
  readonly devices: readonly PairedDevice[];
  readonly rate: number;
}): { stop(): Promise<readonly Sent[]> } {
  const began = performance.now();
  const open: Promise<Sent>[] = [];
  const tick = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1_000) * deps.rate);
    while (open.length < due) open.push(sendOne(deps, open.length));
  }, 5);
  return {
    async stop() {
      clearInterval(tick);
      return await Promise.all(open);
    },
  };
}

const RECIPIENTS = 50;

async function sendOne(
  { pombo, balancer, devices }: Parameters<typeof sendSteadily>[0],
  index: number,
): Promise<Sent> {
  const at = Date.now();
  const began = performance.now();
  const headers = {
    authorization: `Bearer ${pombo.ready.api_key}`,
    "content-type": "application/json",
  };
  const device = index % devices.length;
  const to = `5571${device}${String(1_000_000 + (Math.floor(index / devices.length) % RECIPIENTS))}`;
  const body = JSON.stringify({ from: devices[device]?.id, to, text: `number ${index}` });
  const done = (rest: Pick<Sent, "id" | "error">): Sent => ({
    at,
    ms: performance.now() - began,
    ...rest,
  });
  try {
    const answer = await balancer.post("/v1/messages", headers, body);
    if (answer.status !== 202) return done({ error: `${answer.status} ${answer.body}` });
    const { message_id: id } = JSON.parse(answer.body) as { message_id: string };
    return done({ id });
  } catch (error) {
    return done({ error: String(error) });
  }
}

type Group = "notifier" | "worker" | "api";

async function restartEach(
  pombo: Pombo,
  options: RollingOptions,
  tell: Tell,
): Promise<RollingReport["restarts"]> {
  const restarts: { name: string; ms: number }[] = [];
  for (const group of ["notifier", "worker", "api"] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one process after the other
    const pids = (await pombo.living())[group];
    for (const [index, pid] of pids.entries()) {
      // oxlint-disable-next-line no-await-in-loop
      const ms = await restart(pombo, group, pid);
      const name = `${group} ${index + 1}`;
      tell(`${name}: another one was ready after ${(ms / 1_000).toFixed(1)} s`);
      restarts.push({ name, ms });
      // oxlint-disable-next-line no-await-in-loop
      await pause(options.restMs);
    }
  }
  return restarts;
}

/** Resolves when another one is ready in its place, and all devices are connected. */
async function restart(pombo: Pombo, group: Group, pid: number): Promise<number> {
  const began = Date.now();
  const before = (await pombo.living())[group].length;
  process.kill(pid, "SIGTERM");
  await eventually(
    async () => (await pombo.living())[group],
    (pids) => pids.length === before && !pids.includes(pid),
    RESTARTED_WITHIN_MS,
  );
  const ms = Date.now() - began;
  await eventually(
    async () =>
      (
        await pombo
          .api<{ devices: { state: string }[] }>("GET", "/v1/devices?limit=1000")
          .catch(() => undefined)
      )?.body.devices ?? [],
    (all) => all.length > 0 && all.every(({ state }) => state === "connected"),
    RESTARTED_WITHIN_MS,
  );
  return ms;
}

async function settled(pombo: Pombo, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const statuses = new Map<string, string>();
  const look = async (): Promise<number> => {
    const open = ids.filter((id) => !GONE_OUT.has(statuses.get(id) ?? ""));
    for (let from = 0; from < open.length; from += POLLED) {
      const page = open.slice(from, from + POLLED);
      // oxlint-disable-next-line no-await-in-loop -- page after page
      const { body } = await pombo.api<{
        messages: ({ message_id: string; status: string } | null)[];
      }>("POST", "/v1/messages/status", { ids: page });
      for (const message of body.messages)
        if (message !== null) statuses.set(message.message_id, message.status);
    }
    return ids.filter((id) => !GONE_OUT.has(statuses.get(id) ?? "")).length;
  };
  await eventually(look, (open) => open === 0, SETTLED_WITHIN_MS).catch(() => undefined);
  return statuses;
}

function judgeMessages(
  accepted: readonly string[],
  statuses: ReadonlyMap<string, string>,
  log: readonly LogEntry[],
): Pick<RollingReport, "lost" | "doubled" | "unsettled"> {
  // The sender's own phone shows a message too: only twice on one phone is a double.
  const shown = new Set<string>();
  const twice = new Set<string>();
  const arrived = new Set<string>();
  for (const { kind, id = "", device = "" } of log) {
    if (kind !== "shown") continue;
    const place = `${id} on ${device}`;
    if (shown.has(place)) twice.add(id);
    shown.add(place);
    arrived.add(id);
  }
  return {
    lost: accepted.filter((id) => !arrived.has(id) && !WAITS.has(statuses.get(id) ?? "")),
    doubled: accepted.filter((id) => twice.has(id)),
    unsettled: accepted
      .filter((id) => !GONE_OUT.has(statuses.get(id) ?? ""))
      .map((id) => `${id} ${statuses.get(id) ?? "absent"}`),
  };
}

function judgeLogins(
  log: readonly LogEntry[],
  began: number,
): Pick<RollingReport, "logins" | "kickedOut"> {
  const since = log.filter(({ at }) => Date.parse(at) >= began);
  const logins = Map.groupBy(
    since.filter(({ kind }) => kind === "login"),
    ({ device }) => device,
  );
  return {
    logins: [...logins.values()].map((all) => all.length),
    kickedOut: since.filter(({ kind, reason }) => kind === "close" && reason === "replaced").length,
  };
}

function p99(sent: readonly Sent[]): number {
  const sorted = sent.map(({ ms }) => ms).toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
}
