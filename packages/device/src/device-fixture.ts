import { randomBytes } from "node:crypto";
import { DEFAULT_SETTINGS, type InboundMessage, mintMessageId, type Settings } from "@pombo/domain";
import { openSimulator, type Simulator, type SimulatorConfig } from "@pombo/simulator";
import type { CredentialChanges, CredentialStore } from "./credentials.ts";
import { type Device, openDevice } from "./device.ts";
import type { DeviceChange } from "./device-deps.ts";
import type { OutgoingContent, SentBefore } from "./outgoing-content.ts";
import type { Evidence, Inbound } from "./receipts.ts";
import type { CredentialKeys } from "./seal.ts";

/** What the tests of this package stand on: a real simulator, a store in memory, and everything that a device has told. */

const FAST: Settings = {
  ...DEFAULT_SETTINGS,
  ack_wait_ms: 400,
  open_timeout_ms: 5_000,
  query_timeout_ms: 1_000,
  reconnect_base_ms: 10,
  reconnect_cap_ms: 50,
  replaced_wait_ms: 20,
  replaced_window_ms: 10_000,
};

export interface MemoryStore extends CredentialStore {
  readonly records: Map<string, Buffer>;
  readonly writes: CredentialChanges[];
  /** What the next writes do instead of writing. */
  readonly next: ("stale" | "fail")[];
  erased: number;
}

export function memoryStore(records = new Map<string, Buffer>()): MemoryStore {
  const store: MemoryStore = {
    records,
    writes: [],
    next: [],
    erased: 0,
    load: async () => new Map(records),
    write: async (changes) => {
      const instead = store.next.shift();
      if (instead === "fail") throw new Error("the store is away");
      if (instead === "stale") return "stale";
      store.writes.push(changes);
      for (const [name, value] of changes.set) records.set(name, value);
      for (const name of changes.remove) records.delete(name);
      return "written";
    },
    erase: async () => {
      store.erased += 1;
      records.clear();
      return "written";
    },
  };
  return store;
}

export function someKeys(id = "k1"): CredentialKeys {
  return { current: { id, key: randomBytes(32) }, older: [] };
}

/** Everything a device has told, and a way to wait for it. */
interface Told {
  readonly states: DeviceChange[];
  readonly qrs: { text: string; expiresAt: number }[];
  readonly evidence: Evidence[];
  readonly received: InboundMessage[];
  readonly inbound: Inbound[];
  readonly trust: { recipient: string; until: number }[];
  readonly logs: { event: string; fields: Record<string, unknown> }[];
  /** Resolves with the first, old or new, that `look` finds. */
  readonly until: <Found>(look: (told: Told) => Found | undefined | false) => Promise<Found>;
  readonly untilState: (state: DeviceChange["state"], cause?: string) => Promise<DeviceChange>;
  /** How often the device was connected so far. */
  readonly connections: () => number;
  readonly untilConnectedAgain: () => Promise<boolean>;
  readonly untilProven: (id: string, proves: Evidence["proves"]) => Promise<Evidence>;
}

export interface TestDevice {
  readonly device: Device;
  readonly told: Told;
  readonly store: MemoryStore;
  readonly keys: CredentialKeys;
  readonly contents: Map<string, SentBefore>;
  readonly sendText: (
    to: string,
    text?: string,
    signal?: AbortSignal,
  ) => ReturnType<Device["send"]> & { readonly id: string };
  /** `to`: digits, or a JID. */
  readonly send: (
    to: string,
    content: OutgoingContent,
    how: { readonly id: string; readonly signal?: AbortSignal },
  ) => ReturnType<Device["send"]>;
}

export interface TestDeviceOptions {
  readonly store?: MemoryStore;
  readonly keys?: CredentialKeys;
  readonly settings?: Partial<Settings>;
  readonly stillOwner?: () => Promise<boolean>;
  readonly url?: string;
  readonly deviceId?: string;
}

export function testDevice(simulator: Simulator, options: TestDeviceOptions = {}): TestDevice {
  const store = options.store ?? memoryStore();
  const keys = options.keys ?? someKeys();
  const contents = new Map<string, SentBefore>();
  const { told, hear } = listen();
  const device = openDevice(
    {
      deviceId: options.deviceId ?? "dev_0000000000000001",
      whatsapp: {
        url: options.url ?? simulator.wsUrl,
        rootKey: simulator.rootKey,
        ca: simulator.ca,
      },
      settings: { ...FAST, ...options.settings },
      keys,
    },
    {
      store: { ...store, write: (changes) => store.write(changes).finally(() => hear(() => {})) },
      sentUnder: async (id) => contents.get(id),
      onState: (change) => hear(() => told.states.push(change)),
      onQr: (qr) => hear(() => told.qrs.push(qr)),
      onEvidence: (evidence) => hear(() => told.evidence.push(evidence)),
      onInbound: (inbound) => hear(() => told.inbound.push(inbound)),
      onReceived: (message) => hear(() => told.received.push(message)),
      onTrust: (trust) => hear(() => told.trust.push(trust)),
      stillOwner: options.stillOwner ?? (async () => true),
      log: (event, fields) => hear(() => told.logs.push({ event, fields })),
    },
  );
  const sendText: TestDevice["sendText"] = (
    to,
    text = "hello",
    signal = new AbortController().signal,
  ) => {
    const id = mintMessageId(randomBytes(9));
    return Object.assign(send(to, { kind: "text", text }, { id, signal }), { id });
  };
  const send: TestDevice["send"] = (to, content, { id, signal = new AbortController().signal }) => {
    const jid = to.includes("@") ? to : `${to}@s.whatsapp.net`;
    contents.set(id, { content, jid });
    return device.send({ id, jid, content }, signal);
  };
  return { device, told, store, keys, contents, sendText, send };
}

function listen(): { readonly told: Told; readonly hear: (add: () => void) => void } {
  const waiting = new Set<() => void>();
  const until: Told["until"] = async (look) => {
    while (true) {
      const found = look(told);
      if (found !== undefined && found !== false) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      // Looks again after each thing that is told.
      // oxlint-disable-next-line no-await-in-loop
      await promise;
      waiting.delete(resolve);
    }
  };
  const told: Told = {
    states: [],
    qrs: [],
    evidence: [],
    inbound: [],
    received: [],
    trust: [],
    logs: [],
    until,
    untilState: (state, cause) =>
      until(({ states }) =>
        states.findLast((at) => at.state === state && (cause === undefined || at.cause === cause)),
      ),
    connections: () => told.states.filter(({ state }) => state === "connected").length,
    untilConnectedAgain: () => {
      const before = told.connections();
      return until(() => told.connections() > before);
    },
    untilProven: (id, proves) =>
      until(({ evidence }) => evidence.find((at) => at.ids.includes(id) && at.proves === proves)),
  };
  const hear = (add: () => void): void => {
    add();
    for (const check of waiting) check();
  };
  return { told, hear };
}

/** A simulator that is paired with nobody. */
export function openTestSimulator(config: SimulatorConfig = {}): Promise<Simulator> {
  return openSimulator({ port: 0, ...config });
}

/** Pairs by QR; resolves when the device is connected. */
export async function pair(
  simulator: Simulator,
  { device, told }: TestDevice,
  phone?: string,
): Promise<string> {
  device.connect();
  const { text } = await told.until(({ qrs }) => qrs.at(-1));
  const linked = await simulator.scanQr(text, phone);
  await told.untilState("connected");
  return linked.jid;
}
