import { takeAck, takeReceipt } from "./client-receipts.ts";
import { ProtocolError, type Connection } from "./connection.ts";
import { handleIq } from "./iq.ts";
import { takePairingResult } from "./link.ts";
import { children, type BinaryNode } from "./node.ts";
import type { Realm } from "./realm.ts";
import { takeMessage } from "./relay.ts";

type Handler = (realm: Realm, connection: Connection, node: BinaryNode) => void | Promise<void>;

const nothing: Handler = () => {};

/** Tag of a client's stanza → who handles it. */
const handlers: Readonly<Record<string, Handler>> = {
  iq: (realm, connection, node) => {
    const { type } = node.attrs;
    if (type === "result" || type === "error") return takePairingResult(realm, connection, node);
    return handleIq(realm, connection, node);
  },
  message: takeMessage,
  receipt: takeReceipt,
  ack: takeAck,
  chatstate: logChatState,
  // Said to the server or to contacts; nobody here listens.
  presence: nothing,
  ib: nothing,
  call: nothing,
};

/** "Is typing", "is recording", "is no more": shown to the contact for a moment, kept by nobody. */
function logChatState(realm: Realm, { role }: Connection, node: BinaryNode): void {
  if (role.kind !== "device") return;
  const [state] = children(node);
  const type = state?.attrs["media"] === "audio" ? "recording" : state?.tag;
  realm.log.append("chatstate", { device: role.jid, to: node.attrs["to"] ?? "", type: type ?? "" });
}

export function handleStanza(
  realm: Realm,
  connection: Connection,
  node: BinaryNode,
): void | Promise<void> {
  const handler = Object.hasOwn(handlers, node.tag) ? handlers[node.tag] : undefined;
  if (handler === undefined) throw new ProtocolError("unknown stanza");
  return handler(realm, connection, node);
}
