import { lookIntoRedis, type RedisView } from "../look-into-redis.ts";
import { type PairedDevice, pairDevice } from "../pair-devices.ts";
import { type Message, Pombo, QUICK } from "../pombo.ts";
import { most, type Samples, scrapeAll, total } from "./scrape.ts";

type Group = "notifier" | "api" | "worker";

/** The whole product with two workers, and what can be done to it. */
export interface Stage extends AsyncDisposable {
  readonly pombo: Pombo;
  readonly view: RedisView;
  /** A recipient that nobody else writes to. */
  readonly someone: () => string;
  readonly freshDevice: () => Promise<PairedDevice>;
  readonly scrape: () => Promise<Samples>;
  /** Lets Redis be as full as that. */
  readonly fillTo: (share: number) => Promise<void>;
  /** Asks for a message that is not taken while Redis is full. */
  readonly refused: () => Promise<number>;
  readonly signal: (group: Group, name: "SIGSTOP" | "SIGCONT" | "SIGKILL") => Promise<void>;
}

/** What makes an alert fire, and ends it. */
export interface Cause {
  readonly alert: string;
  readonly prepare?: (stage: Stage) => Promise<unknown>;
  /** What the processes tell before it happens; anything when absent. */
  readonly begins?: (now: Samples) => boolean;
  readonly provoke: (stage: Stage) => Promise<unknown>;
  /** What the processes tell once it has happened. */
  readonly shows: (now: Samples, before: Samples) => boolean;
  readonly mend?: (stage: Stage) => Promise<unknown>;
  /** What they tell once it is mended. */
  readonly ends?: (now: Samples) => boolean;
}

const ENV = {
  ...QUICK,
  POMBO_HOLD_MS: "600000",
  POMBO_OVERVIEW_REFRESH_MS: "100",
  POMBO_METRICS_PORT: "0",
  POMBO_WEBHOOK_BACKOFF_BASE_MS: "50",
  POMBO_WEBHOOK_RETRY_MS: "500",
  POMBO_WEBHOOK_CIRCUIT_MS: "5000",
  POMBO_DRAIN_WATCH_MS: "5000",
};

export async function openStage(): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const pombo = opened.use(await Pombo.start({ env: ENV, args: ["--workers", "2"] }));
  const view = opened.use(await lookIntoRedis(pombo));
  let next = 0;
  const number = (prefix: string, digits: number): string =>
    prefix + String((next += 1)).padStart(digits, "0");
  const someone = (): string => number("55119500", 5);
  const stack = opened.move();
  return {
    pombo,
    view,
    someone,
    freshDevice: () => pairDevice(pombo, number("5543900", 6)),
    scrape: () => scrapeAll(pombo),
    fillTo: (share) => fillTo(view, share),
    async refused() {
      const body = { from: pombo.ready.device_id, to: someone(), text: "no room" };
      return (await pombo.api("POST", "/v1/messages", body)).status;
    },
    async signal(group, name) {
      for (const pid of (await pombo.living())[group]) process.kill(pid, name);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function fillTo({ redis }: RedisView, share: number): Promise<void> {
  const used = /used_memory:(\d+)/.exec(await redis.info("memory"))?.[1];
  await redis.config("SET", "maxmemory", String(Math.ceil(Number(used) / share)));
}

export const attention = (kind: string) => (now: Samples) =>
  most(now, "pombo_attention", `kind="${kind}"`) > 0;
export const quiet = (kind: string) => (now: Samples) =>
  now.get('up{job="pombo-api"}') === 1 && !attention(kind)(now);
export const rises =
  (by: number, name: string, labels: string) => (now: Samples, before: Samples) =>
    total(now, name, labels) - total(before, name, labels) >= by;

export const all = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work));

export const hasArrived = ({ status }: Message): boolean => ["delivered", "read"].includes(status);
