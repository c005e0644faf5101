import { proto, type BaileysEventMap } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pnJid } from "./jid.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import { pairedClient, type TestClient } from "./test-client.ts";

/** An unmodified Baileys socket asks its phone for older messages. */
const alice = "15550030001";
const carol = "15550030002";
const carolJid = pnJid(carol);
const { ON_DEMAND } = proto.HistorySync.HistorySyncType;

let simulator: Simulator;
let a: TestClient;
const ids: string[] = [];

beforeAll(async () => {
  simulator = await openSimulator();
  a = await pairedClient(simulator, alice, {
    shouldSyncHistoryMessage: ({ syncType }: { syncType?: number }) => syncType === ON_DEMAND,
  });
  for (const text of ["one", "two", "three", "four"]) {
    // eslint-disable-next-line no-await-in-loop -- in order
    const { id } = await simulator.sendFrom(carol, { to: alice, text });
    ids.push(id);
  }
  await a.send(carolJid, "mine", "3EB0CCCCCCCCCCCCCCCCC1");
  await a.message(ids[3] ?? "");
});

afterAll(async () => {
  await a[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

const ask = (count: number, id: string): Promise<string> =>
  a.sock.fetchMessageHistory(count, { remoteJid: carolJid, fromMe: false, id }, Date.now());

function nextHistory(): Promise<BaileysEventMap["messaging-history.set"]> {
  const { promise, resolve } = Promise.withResolvers<BaileysEventMap["messaging-history.set"]>();
  a.sock.ev.on("messaging-history.set", resolve);
  return promise;
}

test("the phone answers with those before the named one, newest first, under the request's id", async () => {
  const answered = nextHistory();
  const request = await ask(2, ids[3] ?? "");
  const history = await answered;
  expect(history.peerDataRequestSessionId).toBe(request);
  expect(history.syncType).toBe(ON_DEMAND);
  expect(history.messages.map(({ key, message }) => [key.id, message?.conversation])).toEqual([
    [ids[2], "three"],
    [ids[1], "two"],
  ]);
});

test("what the companion sent is part of it", async () => {
  const answered = nextHistory();
  await ask(1, "not known");
  const [last] = (await answered).messages;
  expect(last?.key).toMatchObject({ fromMe: true, id: "3EB0CCCCCCCCCCCCCCCCC1" });
});

test("a fault lets the phone refuse, be silent, or the server refuse the request", async () => {
  simulator.addFault({ on: "history", match: { device: alice }, action: "refuse" });
  const refused = await ask(1, ids[0] ?? "");
  const answer = await new Promise<proto.Message.IPeerDataOperationRequestResponseMessage>(
    (resolve) => {
      a.sock.ev.on("messages.upsert", ({ messages }) => {
        const found =
          messages[0]?.message?.protocolMessage?.peerDataOperationRequestResponseMessage;
        if (found) resolve(found);
      });
    },
  );
  expect(answer.stanzaId).toBe(refused);
  simulator.addFault({ on: "history", action: "drop" });
  const silent = await ask(1, ids[0] ?? "");
  await simulator.waitFor(
    ({ kind, id, type }) => kind === "history" && id === silent && type === "drop",
  );
  simulator.addFault({ on: "message", match: { kind: "peer" }, action: { nack: 503 } });
  const nacked = await ask(1, ids[0] ?? "");
  const ack = await a.stanza(({ tag, attrs }) => tag === "ack" && attrs["id"] === nacked);
  expect(ack.attrs["error"]).toBe("503");
});
