import { takeAck, takeReceipt } from "./client-receipts.ts";
import { ProtocolError, type Connection } from "./connection.ts";
import { handleIq } from "./iq.ts";
import { takePairingResult } from "./link.ts";
import type { BinaryNode } from "./node.ts";
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
  // Said to the server or to contacts; nobody here listens.
  presence: nothing,
  chatstate: nothing,
  ib: nothing,
  call: nothing,
};

export function handleStanza(
  realm: Realm,
  connection: Connection,
  node: BinaryNode,
): void | Promise<void> {
  const handler = Object.hasOwn(handlers, node.tag) ? handlers[node.tag] : undefined;
  if (handler === undefined) throw new ProtocolError("unknown stanza");
  return handler(realm, connection, node);
}
