import type { Agent } from "node:https";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { DeviceCaches } from "./baileys-options.ts";
import type { Credentials } from "./credentials.ts";
import type { DeviceChange, DeviceConfig, DeviceDeps, Entering } from "./device-deps.ts";
import { readMessage } from "./inbound-content.ts";
import { openKeyUpkeep } from "./key-upkeep.ts";
import { type OwnJids, readInbound, readReceipt } from "./receipts.ts";
import { forgetDeviceList } from "./forget-recipient.ts";
import { openRestriction } from "./restriction.ts";
import { openSender, type Sender } from "./send.ts";
import { openSocket, type Socket, type SocketListener } from "./socket.ts";
import { serverOptions } from "./whatsapp-server.ts";

/** A socket with what works on it, from its creation to the end of everything that it had in hand. */
export interface Live {
  readonly socket: Socket;
  readonly sender: Sender;
  /** Trusts the authority of WhatsApp's media hosts, where it is one of our own. */
  readonly mediaAgent: Agent | undefined;
}

export interface LiveDeps {
  readonly config: DeviceConfig;
  readonly deps: DeviceDeps;
  readonly credentials: Credentials;
  readonly caches: DeviceCaches;
  readonly enter: (change: Entering) => void;
  readonly onQr: DeviceDeps["onQr"];
  readonly onStoreFailure: (error: unknown) => void;
}

export function openLive({
  config,
  deps,
  credentials,
  caches,
  enter,
  onQr,
  onStoreFailure,
}: LiveDeps): Live {
  const { settings } = config;
  const own = (): OwnJids => ({ pn: credentials.creds().me?.id, lid: credentials.creds().me?.lid });
  const restriction = openRestriction({
    settings,
    wa: () => socket.wa,
    enter: (change) => enter({ ...change, ...identityOf(credentials) }),
  });
  const upkeep = openKeyUpkeep({
    wa: () => socket.wa,
    settings,
    settled: credentials.settled,
    log: deps.log,
  });
  const listener: SocketListener = {
    onQr,
    onOpen: () => {
      enter({ state: "connected", ...identityOf(credentials) });
      upkeep.begin();
    },
    onPreKeyCount: (left, low) => upkeep.counted(left, low),
    onAck: (attrs) => sender.ack(attrs),
    onReceipt: (node: BinaryNode) => {
      const evidence = readReceipt(node, own(), Date.now());
      if (evidence !== undefined) sender.receipt(evidence);
    },
    onMessage: (node: BinaryNode) => {
      const inbound = readInbound(node, own(), Date.now());
      if (inbound !== undefined) deps.onInbound(inbound);
    },
    onDecrypted: (messages) => {
      for (const message of messages) {
        const read = readMessage(message);
        if (read !== undefined) deps.onReceived?.(read);
      }
    },
    onGroupChange: (jid) => void caches.groups.del(jid),
    onHandOver: (id) => sender.handOver(id),
    onRestriction: restriction.told,
    onStoreFailure,
  };
  const server = serverOptions(config.whatsapp);
  const socket = openSocket(
    {
      server,
      settings,
      credentials,
      caches,
      sentUnder: deps.sentUnder,
      me: () => own().pn,
    },
    listener,
  );
  const sender = openSender(socket.wa, {
    settings,
    groups: caches.groups,
    onEvidence: deps.onEvidence,
    explain: restriction.explain,
    onTokenGiven: (recipient) => credentials.noteGivenToken(recipient, Date.now()),
    onStaleList: (jid) => {
      forgetDeviceList(jid, { credentials, caches }).catch(onStoreFailure);
    },
    log: deps.log,
  });
  const close = (): void => {
    restriction.close();
    upkeep.close();
    sender.close();
  };
  void socket.ended.finally(close);
  return { socket, sender, mediaAgent: server.fetchAgent };
}

function identityOf(credentials: Credentials): Pick<DeviceChange, "phone" | "jid" | "lid"> {
  const { id, lid } = credentials.creds().me ?? {};
  const phone = id?.split(/[:@]/)[0];
  return {
    ...(phone === undefined ? {} : { phone }),
    ...(id === undefined ? {} : { jid: id }),
    ...(lid === undefined ? {} : { lid }),
  };
}
