import { decodeBinaryNode, encodeBinaryNode } from "@whiskeysockets/baileys";
import type { Connection } from "./connection.ts";
import type { Journal } from "./journal.ts";
import { SERVER_JID } from "./jid.ts";
import { el, type BinaryNode } from "./node.ts";

/**
 * What the server holds for a companion until the companion confirms it: messages until a receipt or ack, receipts and
 * notifications until an ack. An active connection gets a stanza at once; everything unconfirmed is sent again, marked
 * `offline`, after the next login.
 */
export interface Outboxes {
  post(jid: string, node: BinaryNode): void;
  /** Removes what the client confirmed; false when nothing waited under that id. */
  confirm(jid: string, what: { tag: string; id: string; type?: string | undefined }): boolean;
  /** Sends all that waits, marked as offline, and the closing count. */
  drain(jid: string, connection: Connection): void;
  discard(jid: string): void;
  /** The stanzas that wait, oldest first. */
  waiting(jid: string): BinaryNode[];
}

export interface OutboxDeps {
  readonly journal: Journal;
  readonly most: number;
  readonly activeConnection: (jid: string) => Connection | undefined;
  readonly onOverflow: (jid: string) => void;
}

interface Outbox {
  readonly stanzas: Map<number, BinaryNode>;
  /** tag and id → the numbers of the stanzas, for a quick confirmation. */
  readonly index: Map<string, Set<number>>;
}

export async function openOutboxes(deps: OutboxDeps): Promise<Outboxes> {
  const { journal } = deps;
  const boxes = new Map<string, Outbox>();
  let last = await restore(journal, boxes);

  function drop(jid: string, numbers: readonly number[]): void {
    const box = boxOf(boxes, jid);
    for (const number of numbers) {
      const node = box.stanzas.get(number);
      if (node !== undefined) unindex(box, indexKey(node), number);
      box.stanzas.delete(number);
    }
    if (box.stanzas.size === 0) boxes.delete(jid);
    journal.write(numbers.map((number) => [`outbox/${jid}/${number}`]));
  }

  return {
    post(jid, node) {
      last += 1;
      const box = boxOf(boxes, jid);
      put(box, last, node);
      if (journal.durable) {
        journal.write([[`outbox/${jid}/${last}`, encodeBinaryNode(node).toString("base64")]]);
      }
      const oldest = box.stanzas.keys().next();
      if (box.stanzas.size > deps.most && oldest.done !== true) {
        drop(jid, [oldest.value]);
        deps.onOverflow(jid);
      }
      deps.activeConnection(jid)?.send(node);
    },
    confirm(jid, { tag, id, type }) {
      const box = boxes.get(jid);
      const candidates = [...(box?.index.get(`${tag}/${id}`) ?? [])];
      const confirmed = candidates.filter(
        (number) => tag !== "receipt" || box?.stanzas.get(number)?.attrs["type"] === type,
      );
      if (confirmed.length === 0) return false;
      drop(jid, confirmed);
      return true;
    },
    drain(jid, connection) {
      const nodes = [...(boxes.get(jid)?.stanzas.values() ?? [])];
      if (nodes.length > 0) connection.send(preview(nodes));
      for (const [at, node] of nodes.entries()) {
        connection.send({ ...node, attrs: { ...node.attrs, offline: String(at) } });
      }
      connection.send(el("ib", { from: SERVER_JID }, [el("offline", { count: nodes.length })]));
    },
    discard(jid) {
      drop(jid, [...(boxes.get(jid)?.stanzas.keys() ?? [])]);
    },
    waiting: (jid) => [...(boxes.get(jid)?.stanzas.values() ?? [])],
  };
}

function preview(nodes: readonly BinaryNode[]): BinaryNode {
  const count = (tag: string): number => nodes.filter((node) => node.tag === tag).length;
  const counts = {
    message: count("message"),
    receipt: count("receipt"),
    notification: count("notification"),
  };
  return el("ib", { from: SERVER_JID }, [
    el("offline_preview", { count: nodes.length, ...counts, appdata: 0 }),
  ]);
}

const indexKey = (node: BinaryNode): string => `${node.tag}/${node.attrs["id"] ?? ""}`;

function put(box: Outbox, number: number, node: BinaryNode): void {
  box.stanzas.set(number, node);
  const key = indexKey(node);
  const numbers = box.index.get(key) ?? new Set();
  numbers.add(number);
  box.index.set(key, numbers);
}

function unindex(box: Outbox, key: string, number: number): void {
  const numbers = box.index.get(key);
  numbers?.delete(number);
  if (numbers?.size === 0) box.index.delete(key);
}

function boxOf(boxes: Map<string, Outbox>, jid: string): Outbox {
  const box = boxes.get(jid) ?? { stanzas: new Map(), index: new Map() };
  boxes.set(jid, box);
  return box;
}

async function restore(journal: Journal, boxes: Map<string, Outbox>): Promise<number> {
  const stored = journal.entries<string>("outbox/").map(([key, encoded]) => {
    const [jid = "", number] = key.split("/");
    return { jid, number: Number(number), encoded };
  });
  stored.sort((a, b) => a.number - b.number);
  for (const { jid, number, encoded } of stored) {
    // One after the other: their order is the order of delivery.
    // eslint-disable-next-line no-await-in-loop
    put(boxOf(boxes, jid), number, await decodeBinaryNode(Buffer.from(encoded, "base64")));
  }
  return stored.at(-1)?.number ?? 0;
}
