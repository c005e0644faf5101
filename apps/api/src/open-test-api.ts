import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CellId,
  DEFAULT_SETTINGS,
  type DeviceId,
  type ErrorCode,
  type MessageContent,
  type MessageId,
  mintMessageId,
  type Settings,
} from "@pombo/domain";
import {
  type ApiKeyRecord,
  digestApiKey,
  type Ledger,
  openLedger,
  storeChecks,
} from "@pombo/ledger";
import { examineFolder, inspect, type MediaStore, openFileStore } from "@pombo/media";
import { cellKeys, openRedis, type Redis } from "@pombo/redis";
import { openQueueReaders } from "@pombo/queue";
import { openStatus } from "@pombo/status";
import { openTestRedis, type TestRedis } from "@pombo/testbed";
import { type Fields, openHealth, openMetrics } from "@pombo/telemetry";
import { openAdmission } from "./admission.ts";
import { openEventTail } from "./event-tail.ts";
import { openKeyWatch } from "./key-watch.ts";
import { openFeed } from "./open-feed.ts";
import { openFollow } from "./follow.ts";
import { openServer, type ServerDeps } from "./server.ts";
import { openOverviewTicker } from "./overview-ticker.ts";
import { openOverviewer } from "./take-overview.ts";

export const ADMIN = "pombo_c0_admin-key-for-tests";

export interface TestApi extends AsyncDisposable {
  readonly url: string;
  readonly ledger: Ledger;
  readonly store: TestRedis;
  readonly redis: Redis;
  readonly media: MediaStore;
  /** What was logged, a line each. */
  readonly lines: readonly { readonly event: string; readonly fields: Fields }[];
  /** Makes a key; by default it may do nothing. */
  addKey(record: Partial<ApiKeyRecord>): string;
  changeKey(key: string, change: Partial<ApiKeyRecord>): void;
  addDevice(): Promise<DeviceId>;
  /** A message that failed, on a device of its own unless one is given. */
  addLetter(over?: LetterInit): Promise<{ readonly id: MessageId; readonly deviceId: DeviceId }>;
  call(method: string, path: string, init?: CallInit): Promise<Called>;
  /** Ends the server only. */
  close(): Promise<void>;
}

export interface CallInit {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

interface LetterInit {
  readonly deviceId?: DeviceId;
  readonly code?: ErrorCode;
  readonly left?: true;
  readonly text?: string;
  /** Instead of a text. */
  readonly content?: MessageContent;
  /** When it failed. */
  readonly at?: number;
}

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The whole API over a Redis of its own; `change` puts something else in the place of a part of its ledger, `more` of another part. */
export async function openTestApi(
  settings: Partial<Settings> = {},
  change: (ledger: Ledger) => Partial<Ledger> = () => ({}),
  more: Partial<
    Pick<ServerDeps, "admission" | "consoleFolder" | "corsOrigins" | "sandbox" | "trustsProxy">
  > = {},
): Promise<TestApi> {
  const opened = new AsyncDisposableStack();
  const full = { ...DEFAULT_SETTINGS, drain_ms: 0, ...settings };
  const { store, redis, ledger, ports } = await openStore(opened, full);
  const keys = openTestKeys();
  const lines: { event: string; fields: Fields }[] = [];
  const note = (event: string, fields: Fields = {}): void => void lines.push({ event, fields });
  const changed = { ...ledger, ...keys.over(ledger), ...change(ledger) };
  const { status, ...rest } = ports;
  const live = { ledger: changed, events: status, settings: full, now: Date.now };
  const overviewer = openOverviewer({
    ledger: changed,
    info: (...sections) => redis.info(...sections),
    settings: full,
    now: Date.now,
    clock: () => performance.now(),
  });
  const server = await openServer(
    {
      consoleFolder: "/nowhere",
      trustsProxy: false,
      mode: "sandbox",
      ...rest,
      ...more,
      ledger: changed,
      overviewer,
      ticker: opened.use(openOverviewTicker({ overviewer, settings: full, now: Date.now })),
      metrics: openMetrics(),
      tail: opened.use(openEventTail(live)),
      keyWatch: opened.use(openKeyWatch({ ...live, sweepMs: full.key_sweep_ms })),
      log: { info: note, plain: note, error: note },
    },
    { host: "127.0.0.1", port: 0 },
  );
  const close = (): Promise<void> => Promise.resolve(server[Symbol.asyncDispose]());
  opened.defer(close);
  let count = 0;
  const addDevice = async (): Promise<DeviceId> => {
    const id = `dev_${String((count += 1)).padStart(16, "0")}` as DeviceId;
    await ledger.createDevice({ id, name: "test", keyId: "key_0", at: Date.now() });
    return id;
  };
  return {
    url: server.url,
    ledger,
    store,
    redis,
    media: ports.media.store,
    lines,
    close,
    addKey: keys.add,
    changeKey: keys.change,
    addDevice,
    async addLetter(over = {}) {
      const deviceId = over.deviceId ?? (await addDevice());
      return { deviceId, id: await failMessage(ledger, { ...over, deviceId }) };
    },
    call: (method, path, init) => call(server.url + path, method, init),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Accepts a message and lets its owner fail it. */
async function failMessage(
  ledger: Ledger,
  {
    deviceId,
    code = "SEND_FAILED",
    left,
    text = "hello",
    content = { kind: "text", text },
    at = Date.now(),
  }: LetterInit & { readonly deviceId: DeviceId },
): Promise<MessageId> {
  const id = mintMessageId(randomBytes(9));
  await ledger.accept({
    id,
    deviceId,
    recipient: "5511999999999",
    content,
    priority: "normal",
    keyId: "key_0",
    clientRef: "order 7",
    at,
  });
  const own = await ledger.take(deviceId, "test");
  if (own === undefined) throw new Error("the lease is taken");
  const failure = { code, detail: "" };
  const outcome = { to: "failed", now: at, failure, count: 1 } as const;
  await ledger.settle(own, id, left === undefined ? outcome : { ...outcome, mayHaveLeft: left });
  return id;
}

/** API keys beside those of the ledger, as a test needs them. */
function openTestKeys() {
  const records = new Map<string, ApiKeyRecord>();
  const plain = { name: "test", scopes: [], devices: "*", createdAt: 0 } as const;
  const change = (key: string, changed: Partial<ApiKeyRecord>): void => {
    const digest = digestApiKey(key);
    const id = `key_${digest.slice(0, 8)}`;
    records.set(digest, { id, ...plain, ...records.get(digest), ...changed });
  };
  return {
    change,
    over: (ledger: Ledger): Pick<Ledger, "admitCall" | "endedApiKeys"> => ({
      admitCall: async (digest) => {
        const record = records.get(digest);
        return record === undefined ? ledger.admitCall(digest) : { record, used: 1, resetMs: 1 };
      },
      async endedApiKeys(ids) {
        const made = new Map([...records.values()].map((record) => [record.id, record]));
        const ours = ids.filter((id) => made.get(id)?.revokedAt !== undefined);
        return [...ours, ...(await ledger.endedApiKeys(ids.filter((id) => !made.has(id))))];
      },
    }),
    add: (record: Partial<ApiKeyRecord>): string => {
      const key = `pombo_c0_${String(records.size).padStart(16, "0")}`;
      change(key, record);
      return key;
    },
  };
}

async function openStore(opened: AsyncDisposableStack, settings: Settings) {
  const store = opened.use(await openTestRedis());
  const { url } = store;
  const requests = opened.use(await openRedis({ url, role: "request", commandTimeoutMs: 10_000 }));
  const subscriber = opened.use(await openRedis({ url, role: "subscriber" }));
  const redis = requests.client;
  const cell = "c0" as CellId;
  const keys = cellKeys(cell);
  const live = {
    redis: subscriber.client,
    keys,
    channels: ["events"],
    eventsOnDemand: true,
  } as const;
  const status = opened.use(await openStatus(live));
  const ledger = openLedger({ redis, keys, settings });
  await ledger.ensureAdminKey(ADMIN, Date.now());
  const folder = await mkdtemp(join(tmpdir(), "pombo-media-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const spool = join(folder, "incoming");
  const health = openHealth({
    checks: {
      ...storeChecks({ redis, ledger, settings }),
      disk: { away: "", look: () => examineFolder(spool, settings.disk_free_bytes) },
    },
    waitMs: settings.health_wait_ms,
  });
  health.started();
  const ports = {
    health,
    lane: openFeed({ redis, keys }),
    queues: openQueueReaders({ redis, tag: keys.tag }),
    info: () => redis.info(),
    media: { store: await openFileStore(folder), inspector: { look: inspect } },
    status,
    follow: openFollow(status),
    reach: () => undefined,
    admission: openAdmission({
      info: () => redis.info("memory"),
      settings,
      clock: () => performance.now(),
    }),
    now: Date.now,
    allowsPrivate: false,
    cell,
    settings,
  };
  return { store, redis, ledger, ports };
}

async function call(url: string, method: string, init: CallInit = {}): Promise<Called> {
  const response = await fetch(url, { method, ...requestOf(init) });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body = isJson && text !== "" ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, text, body };
}

function requestOf({ key = ADMIN, headers = {}, body, signal }: CallInit): RequestInit {
  const sent = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return {
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: sent }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Writes bytes as they are and returns what comes back until the server closes or `until` is seen. */
export function speak(
  url: string,
  write: (socket: { write(data: string | Buffer): void; end(): void }) => void,
  until?: RegExp,
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let heard = "";
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      if (until?.test(heard) === true) socket.destroy();
    });
    socket.on("error", (error) => (heard === "" ? reject(error) : resolve(heard)));
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(heard));
    socket.on("connect", () => write(socket));
  });
}
