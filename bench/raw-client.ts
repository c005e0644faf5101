import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import {
  type AuthenticationState,
  type BinaryNode,
  BufferJSON,
  type ConnectionState,
  initAuthCreds,
  makeWASocket,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
  WA_CERT_DETAILS,
  type WASocket,
} from "@whiskeysockets/baileys";
import { answerParent } from "./answer-parent.ts";
import { type Numbers, numberOf } from "./numbers.ts";

/**
 * The other contender, a process of its own: bare Baileys with its credentials in memory. Each device sends one message after the
 * other and waits for the server's ack, by a listener registered before the send. Configured as Pombo's sockets are.
 */
export interface Server {
  readonly url: string;
  readonly rootKey: string;
  readonly controlUrl: string;
}

export interface RawRound {
  /** The devices with a smaller index take part. */
  readonly devices: number;
  readonly perDevice: number;
  readonly numbers: Numbers;
}

export interface RawRoundEnd {
  /** ms between the first ack and the last */
  readonly ackedMs: number;
  /** From the call to the ack, ms. */
  readonly latencies: readonly number[];
  readonly refused: number;
  /** How many messages were read within the time. */
  readonly read: number;
}

export interface RawPaced {
  readonly devices: number;
  readonly count: number;
  readonly numbers: Numbers;
  readonly gapMs: number;
}

/** When each send was begun (ms since the epoch), and how long its ack took, by message id. */
export type RawPacedEnd = readonly [id: string, at: number, ackedMs: number][];

interface Device {
  readonly auth: AuthenticationState;
  readonly sock: WASocket;
  readonly acks: Map<string, (attrs: BinaryNode["attrs"]) => void>;
}

/** Baileys waits this long for the server, as Pombo's sockets do. */
const QUERY_MS = 12_000;
const ACK_MS = 20_000;
const AT_ONCE = 8;
const READ_WAIT_MS = 5_000;

// libsignal prints whole sessions.
Object.assign(console, { info: nothing, warn: nothing, error: nothing });

const silent = {
  level: "silent",
  child: () => silent,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
};

const devices: Device[] = [];
const stored: Map<string, unknown>[] = [];
let server: Server = { url: "", rootKey: "", controlUrl: "" };
const receipts = { read: 0 };

answerParent({
  server(given: Server) {
    server = given;
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(given.rootKey, "base64");
  },
  async pair({ count, firstPhone }: { readonly count: number; readonly firstPhone: number }) {
    await inGroups(count, AT_ONCE, (index) => pair(String(firstPhone + index)));
  },
  save: (file: string) => save(file),
  login: (file: string) => login(file),
  round: (round: RawRound) => run(round),
  paced: (paced: RawPaced) => runPaced(paced),
  async close() {
    await Promise.all(devices.map(({ sock }) => sock.end(undefined)));
  },
});

function openMemoryAuth(
  records: Map<string, unknown>,
  creds = initAuthCreds(),
): AuthenticationState {
  const keys: SignalKeyStore = {
    get: (type, ids) => {
      const found: Record<string, SignalDataTypeMap[typeof type]> = {};
      for (const id of ids) {
        const value = records.get(`${type}/${id}`);
        if (value !== undefined) found[id] = value as SignalDataTypeMap[typeof type];
      }
      return found;
    },
    set: (data: SignalDataSet) => {
      for (const [type, values] of Object.entries(data))
        for (const [id, value] of Object.entries(values))
          if (value === null) records.delete(`${type}/${id}`);
          else records.set(`${type}/${id}`, value);
    },
  };
  return { creds, keys };
}

function openSocket(auth: AuthenticationState): WASocket {
  const sock = makeWASocket({
    auth,
    logger: silent,
    waWebSocketUrl: server.url,
    emitOwnEvents: false,
    markOnlineOnConnect: false,
    syncFullHistory: false,
    shouldSyncHistoryMessage: () => false,
    generateHighQualityLinkPreview: false,
    keepAliveIntervalMs: 20_000,
    defaultQueryTimeoutMs: QUERY_MS,
    transactionOpts: { maxCommitRetries: 3, delayBetweenTriesMs: 200 },
    getMessage: async () => undefined,
  });
  sock.ev.on("creds.update", (changes) => Object.assign(auth.creds, changes));
  return sock;
}

async function pair(phone: string): Promise<void> {
  const records = new Map<string, unknown>();
  const auth = openMemoryAuth(records);
  const sock = openSocket(auth);
  const closed = untilUpdate(sock, ({ connection }) => connection === "close");
  const { qr } = await untilUpdate(sock, (update) => update.qr !== undefined);
  const url = `${server.controlUrl}/admin/mock-phone/scan-qr?phone=${phone}`;
  const scanned = await fetch(url, {
    method: "POST",
    body: qr ?? "",
    headers: { "content-type": "text/plain" },
  });
  if (!scanned.ok) throw new Error(`not scanned: ${await scanned.text()}`);
  await closed;
  await open(auth, records);
}

async function open(auth: AuthenticationState, records: Map<string, unknown>): Promise<void> {
  const sock = openSocket(auth);
  const acks: Device["acks"] = new Map();
  sock.ws.on("CB:ack,class:message", ({ attrs }: BinaryNode) =>
    acks.get(attrs["id"] ?? "")?.(attrs),
  );
  sock.ws.on("CB:receipt", ({ attrs }: BinaryNode) => {
    if (attrs["type"] === "read") receipts.read += 1;
  });
  await untilUpdate(sock, ({ connection }) => connection === "open");
  devices.push({ auth, sock, acks });
  stored.push(records);
}

function untilUpdate(
  sock: WASocket,
  fits: (update: Partial<ConnectionState>) => boolean,
): Promise<Partial<ConnectionState>> {
  const { promise, resolve } = Promise.withResolvers<Partial<ConnectionState>>();
  sock.ev.on("connection.update", (update) => {
    if (fits(update)) resolve(update);
  });
  return promise;
}

async function save(file: string): Promise<void> {
  const all = devices.map(({ auth }, index) => ({
    creds: auth.creds,
    keys: [...(stored[index] ?? [])],
  }));
  await writeFile(file, JSON.stringify(all, BufferJSON.replacer));
}

/** All at once, as a worker does it that takes its devices. */
async function login(file: string): Promise<void> {
  const all = JSON.parse(await readFile(file, "utf8"), BufferJSON.reviver) as {
    readonly creds: AuthenticationState["creds"];
    readonly keys: readonly [string, unknown][];
  }[];
  await Promise.all(
    all.map(({ creds, keys }) => {
      const records = new Map(keys);
      return open(openMemoryAuth(records, creds), records);
    }),
  );
}

async function run({ devices: taking, perDevice, numbers }: RawRound): Promise<RawRoundEnd> {
  const log = openAckLog();
  receipts.read = 0;
  await Promise.all(
    devices.slice(0, taking).map(async (device, index) => {
      for (let message = 0; message < perDevice; message += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one in flight per device
        await log.add(() => send(device, numberOf(numbers, index, message)));
      }
    }),
  );
  return log.end(taking * perDevice);
}

/** One message every `gapMs`, whatever became of the one before, the devices in turn. */
async function runPaced({
  devices: taking,
  count,
  numbers,
  gapMs,
}: RawPaced): Promise<RawPacedEnd> {
  const from = performance.now();
  const one = async (index: number): Promise<RawPacedEnd[number]> => {
    await pause(Math.max(0, from + index * gapMs - performance.now()));
    const device = devices[index % taking];
    if (device === undefined) throw new Error("there are fewer devices");
    const id = newId();
    const begun = performance.now();
    await send(device, numberOf(numbers, index % taking, Math.floor(index / taking)), id);
    return [id, performance.timeOrigin + begun, performance.now() - begun];
  };
  return Promise.all(Array.from({ length: count }, (_, index) => one(index)));
}

async function send({ sock, acks }: Device, to: string, id = newId()): Promise<boolean> {
  const acked = Promise.withResolvers<BinaryNode["attrs"]>();
  const late = setTimeout(() => acked.reject(new Error(`no ack for ${id}`)), ACK_MS);
  acks.set(id, acked.resolve);
  try {
    await sock.sendMessage(`${to}@s.whatsapp.net`, { text: textOf(id) }, { messageId: id });
    return (await acked.promise)["error"] === undefined;
  } finally {
    clearTimeout(late);
    acks.delete(id);
  }
}

/** 100 characters, another text every time. */
function textOf(id: string): string {
  return `${id} the quick brown fox jumps over the lazy dog `.padEnd(100, "x").slice(0, 100);
}

function openAckLog() {
  const latencies: number[] = [];
  let firstAck = 0;
  let lastAck = 0;
  let refused = 0;
  return {
    async add(work: () => Promise<boolean>): Promise<void> {
      const from = performance.now();
      if (!(await work())) refused += 1;
      lastAck = performance.now();
      firstAck ||= lastAck;
      latencies.push(lastAck - from);
    },
    async end(messages: number): Promise<RawRoundEnd> {
      const until = performance.now() + READ_WAIT_MS;
      // oxlint-disable-next-line no-await-in-loop -- receipts trickle in
      while (performance.now() < until && receipts.read < messages) await pause(20);
      return { ackedMs: lastAck - firstAck, latencies, refused, read: receipts.read };
    },
  };
}

async function inGroups(
  count: number,
  size: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      // oxlint-disable-next-line no-await-in-loop -- each of the group takes the next
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(size, count) }, one));
}

function newId(): string {
  return `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function nothing(): void {}
