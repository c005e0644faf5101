import { makeTrust, type Trust } from "./certificate.ts";
import { openConnection, type Connection } from "./connection.ts";
import { openConnections } from "./connections.ts";
import { openControl, type Control } from "./control.ts";
import { controlApi } from "./control-api.ts";
import { openDistinctCount } from "./distinct-count.ts";
import { openDirectory } from "./directory.ts";
import { openEventLog } from "./event-log.ts";
import { openFaults } from "./faults.ts";
import { openGateway, type Gateway } from "./gateway.ts";
import { memoryJournal, openJournal, type Journal } from "./journal.ts";
import { makeStoredKeys, openKeyRing, type StoredPhoneKeys } from "./key-ring.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { enter } from "./login.ts";
import { openOutboxes } from "./outbox.ts";
import { openPairings } from "./pairings.ts";
import { openPhoneSignal } from "./phone-signal.ts";
import { openPhones } from "./phones.ts";
import { nowSeconds, type Counters, type Delays, type Realm, type Report } from "./realm.ts";
import { handleStanza } from "./stanza.ts";
import { openTimers } from "./timers.ts";
import { makeTlsCertificate, type TlsCertificate } from "./tls-certificate.ts";
import { openWork } from "./work.ts";

export interface SimulatorConfig {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** 0: a free one; absent: no TLS. */
  readonly tlsPort?: number;
  /** Where state survives the process; absent: it does not. */
  readonly dataDir?: string;
  readonly log?: Report;
  readonly delays?: Partial<Delays>;
  readonly limits?: Partial<Limits>;
}

export interface Simulator extends Control, AsyncDisposable {
  readonly wsUrl: string;
  readonly controlUrl: string;
  /** Absent without TLS. */
  readonly wssUrl?: string;
  readonly controlTlsUrl?: string;
  /** Base64 of the 32 bytes a client is to trust in place of WhatsApp's root key. */
  readonly rootKey: string;
  /** PEM of the certificate behind wss and https. */
  readonly ca: string;
}

const defaultDelays: Delays = { ack: 0, delivered: 5, read: 20 };

/** Starts a simulated WhatsApp. Rejects when a port is taken or the data cannot be read. */
export async function openSimulator(config: SimulatorConfig = {}): Promise<Simulator> {
  const host = config.host ?? "127.0.0.1";
  await using opening = new AsyncDisposableStack();
  const journal = opening.use(
    config.dataDir === undefined ? memoryJournal : openJournal(config.dataDir),
  );
  const secrets = await openSecrets(journal, host);
  const realm = await openRealm(config, { journal, secrets });
  opening.defer(() => closeRealm(realm));
  const control = openControl(realm, secrets.tls.cert);
  const gateway = (port: number, tls?: TlsCertificate): Promise<Gateway> =>
    openGateway({
      host,
      port,
      limits: realm.limits,
      ...(tls === undefined ? {} : { tls }),
      onRequest: controlApi(control, realm.limits),
      hasRoom: () => realm.connections.size() < realm.limits.connections,
      onSocket: (socket) => realm.connections.add(openClient(realm, socket)),
    });
  const plain = opening.use(await gateway(config.port ?? 0));
  const secure =
    config.tlsPort === undefined
      ? undefined
      : opening.use(await gateway(config.tlsPort, secrets.tls));
  opening.defer(() => cutAll(realm));
  const resources = opening.move();
  const name = host.includes(":") ? `[${host}]` : host;
  realm.report("simulator.opened", {
    port: plain.port,
    tls_port: secure?.port,
    journal_lines_skipped: journal.damaged,
  });
  return {
    ...control,
    wsUrl: `ws://${name}:${plain.port}`,
    controlUrl: `http://${name}:${plain.port}`,
    ...(secure === undefined
      ? {}
      : {
          wssUrl: `wss://${name}:${secure.port}`,
          controlTlsUrl: `https://${name}:${secure.port}`,
        }),
    rootKey: Buffer.from(realm.trust.root.public).toString("base64"),
    ca: secrets.tls.cert,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface Secrets {
  readonly trust: Trust;
  readonly phoneKeys: readonly StoredPhoneKeys[];
  readonly tls: TlsCertificate;
}

interface StoredTrust {
  readonly root: readonly [privateKey: string, publicKey: string];
  readonly static: readonly [privateKey: string, publicKey: string];
  readonly chain: string;
}

/** Keys and certificates, made at the first start. */
async function openSecrets(journal: Journal, host: string): Promise<Secrets> {
  const stored = new Map(journal.entries<unknown>("secret/"));
  const trust =
    (stored.get("trust") as StoredTrust | undefined) ?? storeTrust(makeTrust(nowSeconds()));
  const phoneKeys = (stored.get("phones") as StoredPhoneKeys[] | undefined) ?? makeStoredKeys();
  const tls =
    (stored.get("tls") as TlsCertificate | undefined) ??
    (await makeTlsCertificate(new Date(), host));
  journal.write([
    ["secret/trust", trust],
    ["secret/phones", phoneKeys],
    ["secret/tls", tls],
  ]);
  return { trust: restoreTrust(trust), phoneKeys, tls };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function storeTrust({ root, static: serverStatic, chain }: Trust): StoredTrust {
  return {
    root: [base64(root.private), base64(root.public)],
    static: [base64(serverStatic.private), base64(serverStatic.public)],
    chain: base64(chain),
  };
}

function restoreTrust({ root, static: serverStatic, chain }: StoredTrust): Trust {
  const pair = ([privateKey, publicKey]: readonly [string, string]) => ({
    private: Buffer.from(privateKey, "base64"),
    public: Buffer.from(publicKey, "base64"),
  });
  return { root: pair(root), static: pair(serverStatic), chain: Buffer.from(chain, "base64") };
}

async function openRealm(
  config: SimulatorConfig,
  { journal, secrets }: { journal: Journal; secrets: Secrets },
): Promise<Realm> {
  const limits: Limits = { ...defaultLimits, ...config.limits };
  const report = config.log ?? (() => {});
  const log = openEventLog(limits.logEntries);
  const connections = openConnections();
  const keyRing = openKeyRing(secrets.phoneKeys);
  const counters: Counters = {
    messages: 0,
    relayed: 0,
    repeated: 0,
    unreadable: 0,
    iqs: 0,
    logins: 0,
  };
  return {
    limits,
    delays: { ...defaultDelays, ...config.delays },
    trust: secrets.trust,
    timers: openTimers(),
    work: openWork((error) =>
      report("simulator.work_failed", {
        error: error instanceof Error ? error.message : String(error),
      }),
    ),
    journal,
    keyRing,
    directory: openDirectory({ journal, nowSeconds, ...limits }),
    connections,
    pairings: openPairings(),
    outboxes: await openOutboxes({
      journal,
      most: limits.offlineStanzas,
      activeConnection: (jid) => activeConnection(connections.of(jid)),
      onOverflow: (jid) => log.append("dropped", { device: jid }),
    }),
    phones: openPhones({ journal, inboxRows: limits.inboxRows }),
    signal: openPhoneSignal({ journal, keyRing }),
    faults: openFaults({
      most: limits.faults,
      onTaken: ({ on, action }, { device, to }) =>
        log.append("fault", {
          ...(device === undefined ? {} : { device }),
          ...(to === undefined ? {} : { to }),
          type: `${on} ${action.kind}`,
        }),
    }),
    log,
    counters,
    relayedIds: openDistinctCount(limits.distinctIds),
    report,
  };
}

function activeConnection(connection: Connection | undefined): Connection | undefined {
  return connection?.role.kind === "device" && connection.role.active ? connection : undefined;
}

function openClient(realm: Realm, socket: Parameters<typeof openConnection>[0]): Connection {
  return openConnection(socket, {
    trust: realm.trust,
    limits: realm.limits,
    timers: realm.timers,
    onPayload: (connection, payload, noiseKey) => enter(realm, connection, { payload, noiseKey }),
    onNode: (connection, node) => handleStanza(realm, connection, node),
    onClosed: (connection, reason) => {
      realm.connections.remove(connection);
      realm.pairings.forget(connection, reason);
      const device =
        "jid" in connection.role && connection.role.jid !== undefined
          ? { device: connection.role.jid }
          : {};
      realm.log.append("close", { ...device, type: connection.role.kind, reason });
      realm.report("connection.closed", {
        connection: connection.id,
        role: connection.role.kind,
        reason,
      });
    },
  });
}

async function cutAll(realm: Realm): Promise<void> {
  const connections = realm.connections.all();
  for (const connection of connections) connection.cut("simulator closing");
  await Promise.all(connections.map(({ closed }) => closed));
}

async function closeRealm(realm: Realm): Promise<void> {
  realm.timers[Symbol.dispose]();
  await cutAll(realm);
  await realm.work.settled();
}
