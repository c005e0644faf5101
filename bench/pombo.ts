import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  type CellId,
  DEFAULT_SETTINGS,
  type DeviceId,
  mintDeviceId,
  mintMessageId,
} from "@pombo/domain";
import { type Ledger, type NewMessage, openLedger } from "@pombo/ledger";
import { cellKeys, type Keys, type Redis } from "@pombo/redis";
import { type EventLog, openEventLog } from "./event-log.ts";
import { metered } from "./meter.ts";
import { numberOf } from "./numbers.ts";
import { type Program, startProgram } from "./program.ts";
import type { Round, RoundEnd } from "./round.ts";
import type { Stage } from "./stage.ts";

/** One cell of Pombo: its ledger, opened by the bench, and a worker process. */
export interface Pombo extends AsyncDisposable {
  readonly cell: CellId;
  readonly keys: Keys;
  readonly ledger: Ledger;
  readonly devices: readonly DeviceId[];
  readonly events: EventLog;
  readonly worker: () => Program;
  /** Stops the worker; what it wrote at its end is there when this resolves. */
  stopWorker(): Promise<void>;
  /** Starts a worker, and waits until it has connected the devices. */
  startWorker(flags?: readonly string[]): Promise<void>;
  /** Kills the worker with this number (they are counted round) with -9, and starts it again. */
  killWorker(number: number): Promise<void>;
  /** Makes new devices and pairs them. */
  pair(count: number): Promise<void>;
  /** Accepts the messages of a round while the lanes rest, then lets them go; measured is only the dispatch. */
  round(round: Round): Promise<RoundEnd>;
  /** The messages of a round, into the backlog; `over`: what is different about them. */
  accept(round: Round & { readonly over?: Partial<NewMessage> }): Promise<void>;
  /** No lane moves until it is released. */
  rest(devices?: number): Promise<void>;
  release(devices?: number): Promise<void>;
}

const AT_ONCE = 8;
const CONNECT_MS = 120_000;
const LOOK_MS = 50;
const ACCEPTS_AT_ONCE = 200;
const REST_MS = 3_600_000;
const KEY_ID = "key_bench";

export async function openPombo(
  stage: Stage,
  cell: CellId,
  {
    workers: workerCount = 1,
    env = {},
  }: { readonly workers?: number; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Pombo> {
  const { redis } = stage;
  const keys = cellKeys(cell);
  const ledger = openLedger({ redis, keys, settings: DEFAULT_SETTINGS });
  const events = openEventLog(redis, keys);
  const credentialsKey = `k1:${randomBytes(32).toString("base64")}`;
  const devices: DeviceId[] = [];
  let workers: readonly Program[] = [];

  const startOne = (number: number, flags: readonly string[]): Promise<Program> => {
    const name = `worker-${cell}-${number + 1}`;
    return startProgram({
      name,
      file: "apps/worker/src/main.ts",
      flags,
      logFolder: stage.folder,
      env: {
        ...env,
        POMBO_REDIS_URL: stage.redisUrl,
        POMBO_CELL: cell,
        POMBO_WORKER_ID: name,
        POMBO_CREDENTIALS_KEY: credentialsKey,
        POMBO_WHATSAPP_URL: stage.simulator.url,
        POMBO_WHATSAPP_ROOT_KEY: stage.simulator.rootKey,
      },
    });
  };
  const running = (): Program => {
    const [first] = workers;
    if (first === undefined) throw new Error("no worker runs");
    return first;
  };
  const stopWorker = async (): Promise<void> => {
    await Promise.all(workers.map((one) => one[Symbol.asyncDispose]()));
    workers = [];
  };
  const lanes = restingLanes({ redis, keys, devices });
  const accept: Pombo["accept"] = (round) => acceptRound(round, { ledger, devices });

  return {
    cell,
    keys,
    ledger,
    devices,
    events,
    worker: running,
    stopWorker,
    async startWorker(flags = []) {
      workers = await Promise.all(
        Array.from({ length: workerCount }, (_, number) => startOne(number, flags)),
      );
      await Promise.all(devices.map((id) => untilState(ledger, id, "connected")));
    },
    async killWorker(number) {
      const at = number % workerCount;
      const victim = workers[at];
      if (victim === undefined) throw new Error(`worker ${at} does not run`);
      process.kill(victim.pid, "SIGKILL");
      await victim[Symbol.asyncDispose]();
      workers = workers.with(at, await startOne(at, []));
    },
    async pair(count) {
      const first = stage.takeNumbers(count);
      let next = 0;
      const some = async (): Promise<void> => {
        while (next < count) {
          const phone = String(first + next);
          next += 1;
          // oxlint-disable-next-line no-await-in-loop -- each of the group takes the next
          devices.push(await pairDevice(ledger, stage.simulator.controlUrl, phone));
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, some));
    },
    accept,
    rest: lanes.rest,
    release: lanes.release,
    async round(round) {
      const messages = round.devices * round.perDevice;
      await lanes.rest(round.devices);
      await accept(round);
      await pause(300);
      const from = await events.end();
      const programs = { client: running(), simulator: stage.simulator };
      const cost = await metered({ redis, programs }, async () => {
        await lanes.release(round.devices);
        await events.untilRead(from, messages, EVENTS_AFTER_ACCEPTANCE);
      });
      const { provedAt, failed, read } = await events.since(from);
      if (provedAt.size !== messages || failed > 0)
        throw new Error(`of ${messages} messages ${provedAt.size} were sent, ${failed} failed`);
      const times = [...provedAt.values()];
      const perSecond = ((messages - 1) / ((times.at(-1) ?? 0) - (times[0] ?? 0))) * 1_000;
      return { ...cost, messages, perSecond, latencies: [], read };
    },
    [Symbol.asyncDispose]: stopWorker,
  };
}

/** sending, sent, delivered, read */
const EVENTS_AFTER_ACCEPTANCE = 4;

interface Lanes {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly devices: readonly DeviceId[];
}

/** A lane rests as it does when WhatsApp has asked to slow down: nothing is picked until the time has come. */
function restingLanes({ redis, keys, devices }: Lanes) {
  const each = async (count: number | undefined, restUntil: number): Promise<void> => {
    const commands = redis.pipeline();
    for (const id of devices.slice(0, count)) {
      commands.hset(keys.lane(id), "throttled_until", restUntil);
      commands.hdel(keys.lane(id), "open");
      commands.publish(keys.wake(), id);
    }
    await commands.exec();
  };
  return {
    rest: (count?: number) => each(count, Date.now() + REST_MS),
    release: (count?: number) => each(count, 0),
  };
}

async function acceptRound(
  round: Parameters<Pombo["accept"]>[0],
  { ledger, devices }: { readonly ledger: Ledger; readonly devices: readonly DeviceId[] },
): Promise<void> {
  const taking = devices.slice(0, round.devices);
  const count = taking.length * round.perDevice;
  let next = 0;
  // Made as they go: a million of them at once would not fit.
  const one = async (): Promise<void> => {
    while (next < count) {
      const device = next % taking.length;
      const to = numberOf(round.numbers, device, Math.floor(next / taking.length));
      next += 1;
      const message = newMessage(taking[device] ?? ("" as DeviceId), to);
      // oxlint-disable-next-line no-await-in-loop -- one after the other, and many such lines at once
      await ledger.accept({ ...message, ...round.over });
    }
  };
  await Promise.all(Array.from({ length: Math.min(ACCEPTS_AT_ONCE, count) }, one));
}

export function newMessage(deviceId: DeviceId, recipient: string): NewMessage {
  const id = mintMessageId(randomBytes(9));
  return {
    id,
    deviceId,
    recipient,
    content: { kind: "text", text: textOf(id) },
    priority: "normal",
    keyId: KEY_ID,
    at: Date.now(),
  };
}

/** 100 characters, another text every time. */
export function textOf(id: string): string {
  return `${id} the quick brown fox jumps over the lazy dog `.padEnd(100, "x").slice(0, 100);
}

async function pairDevice(ledger: Ledger, controlUrl: string, phone: string): Promise<DeviceId> {
  const id = mintDeviceId(randomBytes(8));
  await ledger.createDevice({ id, name: "bench", keyId: KEY_ID, at: Date.now() });
  await ledger.setWanted(id, "connected");
  const qr = await until(async () => (await ledger.findDevice(id))?.qr?.text, `a QR code of ${id}`);
  const url = `${controlUrl}/admin/mock-phone/scan-qr?phone=${phone}`;
  const scanned = await fetch(url, {
    method: "POST",
    body: qr,
    headers: { "content-type": "text/plain" },
  });
  if (!scanned.ok) throw new Error(`not scanned: ${await scanned.text()}`);
  await untilState(ledger, id, "connected");
  return id;
}

async function untilState(ledger: Ledger, id: DeviceId, state: string): Promise<void> {
  // `owned`: after a restart the record still says what the last worker wrote.
  await until(async () => {
    const device = await ledger.findDevice(id);
    return device?.state === state && device.owned ? true : undefined;
  }, `${id} ${state}`);
}

async function until<Found>(look: () => Promise<Found | undefined>, what: string): Promise<Found> {
  const end = Date.now() + CONNECT_MS;
  while (Date.now() < end) {
    // oxlint-disable-next-line no-await-in-loop -- polls
    const found = await look();
    if (found !== undefined) return found;
    // oxlint-disable-next-line no-await-in-loop
    await pause(LOOK_MS);
  }
  throw new Error(`waited in vain for ${what}`);
}
