import { Agent } from "node:https";
import {
  BufferJSON,
  initAuthCreds,
  makeWASocket,
  WA_CERT_DETAILS,
  type AuthenticationState,
  type ConnectionState,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
  type WAMessage,
  type WASocket,
} from "@whiskeysockets/baileys";
import type { BinaryNode } from "./node.ts";
// Before any client uses libsignal: it would print session keys.
import { quiet } from "./quiet-signal.ts";
import type { Simulator } from "./simulator.ts";

/** An unmodified Baileys socket with its credentials in memory, and latches instead of polling. For tests and benches. */
export interface TestClient extends AsyncDisposable {
  readonly auth: MemoryAuth;
  /** Forgets all Signal sessions, as after a restored backup. */
  loseSessions(): void;
  readonly sock: WASocket;
  /** Resolves with the first update, old or new, that fits. */
  update(fits: (update: Partial<ConnectionState>) => boolean): Promise<Partial<ConnectionState>>;
  /** The first raw stanza, old or new, that fits. */
  stanza(fits: (node: BinaryNode) => boolean): Promise<BinaryNode>;
  /** All stanzas so far. */
  readonly stanzas: BinaryNode[];
  /** The message with this id, decrypted, as the client emits it. */
  message(id: string): Promise<WAMessage>;
  /** Sends a text with a given id; resolves with the server's ack. */
  send(to: string, text: string, id: string): Promise<BinaryNode>;
  /** The disconnect code, once closed. */
  closed(): Promise<number | undefined>;
}

const silent = {
  level: "silent",
  child: () => silent,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

/** What a client needs of a simulator. */
export type TestServer = Pick<
  Simulator,
  "wsUrl" | "wssUrl" | "rootKey" | "ca" | "scanQr" | "enterCode"
>;

export interface MemoryAuth extends AuthenticationState {
  readonly stored: Map<string, string>;
}

export function memoryAuth(): MemoryAuth {
  const stored = new Map<string, string>();
  const keys: SignalKeyStore = {
    get: (type, ids) => {
      const found: Record<string, SignalDataTypeMap[typeof type]> = {};
      for (const id of ids) {
        const value = stored.get(`${type}/${id}`);
        if (value !== undefined)
          found[id] = JSON.parse(value, BufferJSON.reviver) as SignalDataTypeMap[typeof type];
      }
      return found;
    },
    set: (data: SignalDataSet) => {
      for (const [type, values] of Object.entries(data)) {
        for (const [id, value] of Object.entries(values)) {
          if (value === null) stored.delete(`${type}/${id}`);
          else stored.set(`${type}/${id}`, JSON.stringify(value, BufferJSON.replacer));
        }
      }
    },
  };
  return { creds: initAuthCreds(), keys, stored };
}

export function openTestClient(
  simulator: TestServer,
  auth: MemoryAuth = memoryAuth(),
  options: object = {},
): TestClient {
  quiet();
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(simulator.rootKey, "base64");
  const sent = new Map<string, { conversation: string }>();
  const sock = makeWASocket({
    auth,
    logger: silent,
    waWebSocketUrl: simulator.wssUrl ?? simulator.wsUrl,
    ...(simulator.wssUrl === undefined ? {} : { agent: new Agent({ ca: simulator.ca }) }),
    // Uploads; a download goes through the global fetch and trusts what the process trusts.
    fetchAgent: new Agent({ ca: simulator.ca }),
    shouldSyncHistoryMessage: () => false,
    defaultQueryTimeoutMs: 10_000,
    // Asked when a companion wants a message again: Baileys' own cache knows messages by the account they went to, and
    // does not find them under the device that asks.
    getMessage: ({ id }) => Promise.resolve(sent.get(id ?? "")),
    ...options,
  });
  const updates = openSeen<Partial<ConnectionState>>();
  const stanzas = openSeen<BinaryNode>();
  const messages = openSeen<WAMessage>();
  sock.ev.on("connection.update", (seen) => updates.add(seen));
  sock.ev.on("creds.update", (changes) => Object.assign(auth.creds, changes));
  sock.ev.on("messages.upsert", (upsert) => {
    for (const message of upsert.messages) messages.add(message);
  });
  sock.ws.on("frame", (node: BinaryNode | Uint8Array) => {
    if (!(node instanceof Uint8Array)) stanzas.add(node);
  });
  const update: TestClient["update"] = (fits) => updates.first(fits);
  return {
    auth,
    sock,
    update,
    loseSessions() {
      for (const key of auth.stored.keys()) if (key.startsWith("session/")) auth.stored.delete(key);
    },
    stanza: (fits) => stanzas.first(fits),
    stanzas: stanzas.all,
    message: (id) =>
      messages.first(
        ({ key, message }) => key.id === id && message !== undefined && message !== null,
      ),
    async send(to, text, id) {
      const ack = stanzas.next(
        ({ tag, attrs }) => tag === "ack" && attrs["id"] === id && attrs["class"] === "message",
      );
      sent.set(id, { conversation: text });
      await sock.sendMessage(to, { text }, { messageId: id });
      return ack;
    },
    async closed() {
      const { lastDisconnect } = await update(({ connection }) => connection === "close");
      const error = lastDisconnect?.error as { output?: { statusCode?: number } } | undefined;
      return error?.output?.statusCode;
    },
    async [Symbol.asyncDispose]() {
      await sock.end(undefined);
    },
  };
}

/** Pairs a new device by QR and logs it in. */
export async function pairedClient(
  simulator: TestServer,
  phone: string,
  options: object = {},
): Promise<TestClient> {
  const auth = memoryAuth();
  await using first = openTestClient(simulator, auth, options);
  const { qr } = await first.update((update) => update.qr !== undefined);
  await simulator.scanQr(qr ?? "", phone);
  await first.closed();
  return loggedIn(openTestClient(simulator, auth, options));
}

/** Pairs a new device by code and logs it in. */
export async function codePairedClient(
  simulator: TestServer,
  phone: string,
  options: object = {},
): Promise<TestClient> {
  const auth = memoryAuth();
  await using first = openTestClient(simulator, auth, options);
  await first.update((update) => update.qr !== undefined);
  const code = await first.sock.requestPairingCode(phone);
  await simulator.enterCode(phone, `${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`);
  await first.closed();
  return loggedIn(openTestClient(simulator, auth, options));
}

export async function loggedIn(client: TestClient): Promise<TestClient> {
  await client.update(({ connection }) => connection === "open");
  // A client that is cut while it has yet to answer <offline_preview> leaves an unhandled rejection behind.
  await client.stanza(
    ({ tag, content }) => tag === "ib" && Array.isArray(content) && content[0]?.tag === "offline",
  );
  return client;
}

function openSeen<T>() {
  const all: T[] = [];
  const waiting = new Set<(item: T) => void>();
  return {
    all,
    add(item: T): void {
      all.push(item);
      for (const offer of waiting) offer(item);
    },
    first(fits: (item: T) => boolean): Promise<T> {
      const known = all.find(fits);
      return known === undefined ? next(fits) : Promise.resolve(known);
    },
    next,
  };

  function next(fits: (item: T) => boolean): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const offer = (item: T): void => {
      if (!fits(item)) return;
      waiting.delete(offer);
      resolve(item);
    };
    waiting.add(offer);
    return promise;
  }
}
