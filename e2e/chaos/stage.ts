import { type App, type OutsideProcess, startOutside } from "../outside-process.ts";
import { pairDevices, type PairedDevice } from "../pair-devices.ts";
import { Pombo, QUICK } from "../pombo.ts";
import type { ChaosOptions } from "./options.ts";
import { openReplyDropper, type ReplyDropper } from "./reply-dropper.ts";

/** The whole product, with one worker and one API behind a way to Redis that loses replies. */
export interface Stage extends AsyncDisposable {
  readonly pombo: Pombo;
  readonly devices: readonly PairedDevice[];
  readonly dropper: ReplyDropper;
  /** of all APIs, dead ones included */
  readonly apiUrls: readonly string[];
  /** Workers and APIs that live now. */
  victims(): Promise<{ readonly workers: readonly number[]; readonly apis: readonly number[] }>;
}

export const LEASE_MS = 6_000;

export async function openStage(options: ChaosOptions): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const env = {
    ...QUICK,
    POMBO_LEASE_TTL_MS: String(LEASE_MS),
    POMBO_ACK_WAIT_MS: String(options.ackMs + 2_000),
  };
  const pombo = stack.use(
    await Pombo.start({
      env,
      ...(options.data === undefined ? {} : { data: options.data }),
      args: ["--workers", String(options.workers - 1), "--apis", String(options.apis - 1)],
    }),
  );
  const dropper = stack.use(await openReplyDropper(pombo.ready.redis_url));
  const behind = { POMBO_REDIS_URL: dropper.url };
  const worker = stack.use(await keepOutside(pombo, "worker", behind));
  const api = stack.use(await keepOutside(pombo, "api", behind));
  const devices = await pairDevices(pombo, options.devices);
  const kept = stack.move();
  return {
    pombo,
    devices,
    dropper,
    apiUrls: [...pombo.ready.api_urls, api.url],
    async victims() {
      const { worker: workers, api: apis } = await pombo.living();
      return { workers: [...workers, ...worker.pids()], apis: [...apis, ...api.pids()] };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface KeptOutside extends AsyncDisposable {
  readonly url: string;
  pids(): readonly number[];
}

/** Brings an outside process back whenever it dies, an API at the same address. */
async function keepOutside(
  pombo: Pombo,
  app: App,
  env: Readonly<Record<string, string>>,
): Promise<KeptOutside> {
  let current: OutsideProcess | undefined = await startOutside(pombo, app, env);
  const { url } = current;
  const port = url === "" ? {} : { POMBO_PORT: new URL(url).port };
  let closing = false;
  const watch = async (): Promise<void> => {
    while (current !== undefined) {
      // oxlint-disable-next-line no-await-in-loop -- one life after the other
      await current.ended;
      current = undefined;
      // oxlint-disable-next-line no-await-in-loop
      if (!closing) current = await startOutside(pombo, app, { ...env, ...port });
    }
  };
  const watching = watch();
  return {
    url,
    pids: () => (current === undefined ? [] : [current.pid]),
    async [Symbol.asyncDispose]() {
      closing = true;
      await current?.[Symbol.asyncDispose]();
      await watching;
      await current?.[Symbol.asyncDispose]();
    },
  };
}
