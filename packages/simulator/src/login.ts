import { proto } from "@whiskeysockets/baileys";
import { ProtocolError, type Connection, type Registration } from "./connection.ts";
import { jidOf, type Companion } from "./directory.ts";
import { endConnection } from "./endings.ts";
import type { FaultAction } from "./faults.ts";
import { lidJid, pnJid, SERVER_JID } from "./jid.ts";
import { el, uintOf, type BinaryNode } from "./node.ts";
import { offerPairing } from "./pairing-qr.ts";
import { nowSeconds, type Realm } from "./realm.ts";

type ClientPayload = proto.ClientPayload;
type LoginFault = Exclude<FaultAction, { kind: "nack" | "iq_error" }>;

/** The first thing an authenticated socket says: "pair me" or "I am this device". */
export function enter(
  realm: Realm,
  connection: Connection,
  { payload, noiseKey }: { payload: Buffer; noiseKey: Buffer },
): void {
  const claim = proto.ClientPayload.decode(payload);
  if (claim.devicePairingData) {
    const registration = readRegistration(claim.devicePairingData, noiseKey);
    connection.role = { kind: "pairing", registration };
    offerPairing(realm, connection, registration);
    return;
  }
  logIn(realm, connection, { claim, noiseKey });
}

function readRegistration(
  data: proto.ClientPayload.IDevicePairingRegistrationData,
  noiseKey: Buffer,
): Registration {
  return {
    noiseKey,
    identity: bytes(data.eIdent, 32),
    registrationId: uintOf(el("", {}, bytes(data.eRegid, 4))) ?? 0,
    signedPreKey: {
      id: uintOf(el("", {}, bytes(data.eSkeyId, 3))) ?? 0,
      value: bytes(data.eSkeyVal, 32),
      signature: bytes(data.eSkeySig, 64),
    },
  };
}

function bytes(value: Uint8Array | null | undefined, length: number): Buffer {
  if (value?.length !== length) throw new ProtocolError("incomplete registration");
  return Buffer.from(value);
}

function logIn(
  realm: Realm,
  connection: Connection,
  { claim, noiseKey }: { claim: ClientPayload; noiseKey: Buffer },
): void {
  const number = String(claim.username ?? "");
  const device = claim.device ?? 0;
  const fault = realm.faults.take("login", { device: pnJid(number, device) }) as
    | LoginFault
    | undefined;
  if (fault?.kind === "delay") {
    realm.timers.after(fault.ms, () => admit(realm, connection, { number, device, noiseKey }));
  } else if (fault === undefined) admit(realm, connection, { number, device, noiseKey });
  else disturbLogin(realm, connection, { fault, jid: pnJid(number, device) });
}

function disturbLogin(
  realm: Realm,
  connection: Connection,
  { fault, jid }: { fault: LoginFault; jid: string },
): void {
  if (fault.kind === "failure") {
    const { reason, code, expire } = fault;
    refuse(realm, connection, {
      jid,
      node: el("failure", { reason, code, expire, location: "sim" }),
      reason,
    });
  } else if (fault.kind === "stream_error" || fault.kind === "close")
    endConnection(realm, connection, fault);
  // The client waits for an answer that never comes.
  else connection.role = { kind: "deaf" };
}

interface LoginClaim {
  readonly number: string;
  readonly device: number;
  readonly noiseKey: Buffer;
}

function admit(
  realm: Realm,
  connection: Connection,
  { number, device, noiseKey }: LoginClaim,
): void {
  const companion = realm.directory.companion(number, device);
  if (companion === undefined || companion.noiseKey !== noiseKey.toString("base64")) {
    const node = el("failure", { reason: 401, location: "sim" });
    return refuse(realm, connection, { jid: pnJid(number, device), node, reason: 401 });
  }
  const jid = jidOf(companion);
  const previous = realm.connections.claim(jid, connection);
  if (previous !== undefined) endConnection(realm, previous, { kind: "replaced" });
  connection.role = { kind: "device", jid, number, device, active: false };
  realm.counters.logins += 1;
  realm.log.append("login", { device: jid });
  connection.send(success(companion));
  const fault = realm.faults.take("socket", { device: jid });
  if (fault !== undefined) disturbSocket(realm, connection, fault);
}

interface Refusal {
  readonly jid: string;
  readonly node: BinaryNode;
  readonly reason: number;
}

function refuse(realm: Realm, connection: Connection, { jid, node, reason }: Refusal): void {
  realm.log.append("login_failed", { device: jid, reason });
  connection.end(`login refused (${reason})`, node);
}

function success(companion: Companion): BinaryNode {
  const { number, device } = companion;
  return el("success", {
    t: nowSeconds(),
    lid: lidJid(number, device),
    props: 27,
    abprops: 1,
    location: "sim",
    from: SERVER_JID,
  });
}

/** What an ordered fault does to a socket that is connected. */
export function disturbSocket(realm: Realm, connection: Connection, action: FaultAction): void {
  if (action.kind === "replaced" || action.kind === "unlink" || action.kind === "stream_error") {
    endConnection(realm, connection, action);
  } else if (action.kind === "blackhole") {
    connection.role = {
      kind: "deaf",
      ...(connection.role.kind === "device" ? { jid: connection.role.jid } : {}),
    };
  } else connection.cut("cut by a fault");
}

/** The client asks for its mail: from here on it gets stanzas as they come. */
export function activate(realm: Realm, connection: Connection): void {
  if (connection.role.kind !== "device" || connection.role.active) return;
  connection.role.active = true;
  connection.send(
    el("ib", { from: SERVER_JID }, [
      el("dirty", { type: "account_sync", timestamp: nowSeconds() }),
    ]),
  );
  realm.outboxes.drain(connection.role.jid, connection);
}
