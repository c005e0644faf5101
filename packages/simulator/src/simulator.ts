import { openConnection, type Connection } from "./connection.ts";
import { openControl, type Control } from "./control.ts";
import { controlApi } from "./control-api.ts";
import { openGateway, type Gateway } from "./gateway.ts";
import { openMediaHost } from "./media-host.ts";
import { openMediaStore } from "./media-store.ts";
import { memoryJournal, openJournal } from "./journal.ts";
import { enter } from "./login.ts";
import { limitsOf, openRealm, type RealmConfig } from "./open-realm.ts";
import type { Realm } from "./realm.ts";
import { resumeReceipts } from "./receipts.ts";
import { openSecrets } from "./secrets.ts";
import { handleStanza } from "./stanza.ts";
import type { TlsCertificate } from "./tls-certificate.ts";

export interface SimulatorConfig extends RealmConfig {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** 0: a free one; absent: no TLS. */
  readonly tlsPort?: number;
  /** Of the media host, which is always HTTPS; 0 or absent: a free one. */
  readonly mediaPort?: number;
  /** Where state survives the process; absent: it does not. One simulator at a time. */
  readonly dataDir?: string;
}

export interface Simulator extends Control, AsyncDisposable {
  readonly wsUrl: string;
  readonly controlUrl: string;
  /** Absent without TLS. */
  readonly wssUrl?: string;
  readonly controlTlsUrl?: string;
  /** `https://name:port` of the media host. */
  readonly mediaUrl: string;
  /** Base64 of the 32 bytes a client is to trust in place of WhatsApp's root key. */
  readonly rootKey: string;
  /** PEM of the certificate behind wss and https. */
  readonly ca: string;
}

/** Starts a simulated WhatsApp. Rejects when a port is taken or the data cannot be read. */
export async function openSimulator(config: SimulatorConfig = {}): Promise<Simulator> {
  const host = config.host ?? "127.0.0.1";
  await using opening = new AsyncDisposableStack();
  const journal = opening.use(
    config.dataDir === undefined ? memoryJournal : openJournal(config.dataDir),
  );
  const secrets = await openSecrets(journal, host);
  const media = opening.use(await openMediaStore(mediaConfig(config)));
  const realm = await openRealm(config, { journal, secrets, media });
  opening.defer(() => closeRealm(realm));
  const mediaDoor = { host, port: config.mediaPort ?? 0, tls: secrets.tls };
  const mediaHost = opening.use(await openMediaHost(realm, mediaDoor));
  const mediaName = `${nameOf(host)}:${mediaHost.port}`;
  realm.mediaHost.current = mediaName;
  resumeReceipts(realm);
  const control = openControl(realm, secrets.tls.cert);
  const open = (port: number, tls?: TlsCertificate): Promise<Gateway> =>
    openDoor(realm, control, { host, port, ...(tls && { tls }) });
  const plain = opening.use(await open(config.port ?? 0));
  const secure =
    config.tlsPort === undefined ? undefined : opening.use(await open(config.tlsPort, secrets.tls));
  opening.defer(() => cutAll(realm));
  const resources = opening.move();
  realm.report("simulator.opened", {
    port: plain.port,
    tls_port: secure?.port,
    journal_lines_skipped: journal.damaged,
  });
  return {
    ...control,
    ...urlsOf(host, plain, secure),
    mediaUrl: `https://${mediaName}`,
    rootKey: control.trust().root_key,
    ca: secrets.tls.cert,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

interface Door {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsCertificate;
}

function openDoor(realm: Realm, control: Control, door: Door): Promise<Gateway> {
  return openGateway({
    ...door,
    limits: realm.limits,
    onRequest: controlApi(control, realm.limits),
    hasRoom: () => realm.connections.size() < realm.limits.connections,
    onSocket: (socket) => realm.connections.add(openClient(realm, socket)),
  });
}

function mediaConfig(config: SimulatorConfig) {
  const { mediaBytes, mediaBytesKept } = limitsOf(config);
  return { dataDir: config.dataDir, mostBytes: mediaBytes, mostBytesKept: mediaBytesKept };
}

/** The name by which a client on this machine reaches the host, as a URL writes it. */
function nameOf(host: string): string {
  const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return reachable.includes(":") ? `[${reachable}]` : reachable;
}

function urlsOf(host: string, plain: Gateway, secure: Gateway | undefined) {
  const name = nameOf(host);
  return {
    wsUrl: `ws://${name}:${plain.port}`,
    controlUrl: `http://${name}:${plain.port}`,
    ...(secure && {
      wssUrl: `wss://${name}:${secure.port}`,
      controlTlsUrl: `https://${name}:${secure.port}`,
    }),
  };
}

function openClient(realm: Realm, socket: Parameters<typeof openConnection>[0]): Connection {
  return openConnection(socket, {
    trust: realm.trust,
    limits: realm.limits,
    timers: realm.timers,
    stalls: () => realm.faults.take("handshake", {}) !== undefined,
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
      // What a decoder says of foreign bytes may quote them: that stays in the event log.
      const [cause] = reason.split(":");
      realm.report("connection.closed", {
        connection: connection.id,
        role: connection.role.kind,
        reason: cause,
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
