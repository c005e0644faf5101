import { pnJid } from "./jid.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BinaryNode } from "./node.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import { loggedIn, openTestClient, pairedClient, type TestClient } from "./test-client.ts";

/** Several companions, of one account and of two. */
const alice = "15550000001";
const bob = "15550000002";
let simulator: Simulator;
let a: TestClient;
const notification = (type: string) => (node: BinaryNode) =>
  node.tag === "notification" && node.attrs["type"] === type;

beforeAll(async () => {
  simulator = await openSimulator();
  a = await pairedClient(simulator, alice);
});
afterAll(async () => {
  await a[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

test("a second companion is announced to the first, gets its copies, and its leaving is announced", async () => {
  await using second = await pairedClient(simulator, alice);
  expect(await a.stanza(notification("devices"))).toMatchObject({ content: [{ tag: "add" }] });
  await a.send(pnJid("15550000009"), "from the first", "3EB0COPY");
  const copy = await second.message("3EB0COPY");
  expect(copy.key).toMatchObject({ fromMe: true, remoteJid: pnJid("15550000009") });
  await second.sock.logout();
  await a.stanza(
    (node) =>
      notification("devices")(node) &&
      Array.isArray(node.content) &&
      node.content[0]?.tag === "remove",
  );
});

test("a companion that cannot decrypt asks the sending companion, which sends again", async () => {
  const first = await pairedClient(simulator, bob);
  // Once each has heard the other, messages no longer carry a new session.
  await a.send(pnJid(bob), "one", "3EB0ONE");
  await first.message("3EB0ONE");
  await first.send(pnJid(alice), "two", "3EB0TWO");
  await a.message("3EB0TWO");
  await first[Symbol.asyncDispose]();
  first.loseSessions();
  await using b = await loggedIn(openTestClient(simulator, first.auth));
  await a.send(pnJid(bob), "three", "3EB0THREE");
  expect((await b.message("3EB0THREE")).message?.conversation).toBe("three");
  const kinds = simulator
    .log()
    .entries.filter(
      ({ kind, id, type }) => kind === "receipt_in" && id === "3EB0THREE" && type === "retry",
    );
  expect(kinds).toHaveLength(1);
});

test("prekeys are handed out once each, and a low stock is announced", async () => {
  await using c = await pairedClient(simulator, "15550000003");
  const asks = Array.from({ length: 808 }, () => ({
    tag: "user",
    attrs: { jid: pnJid("15550000003", 1) },
  }));
  const query = {
    tag: "iq",
    attrs: { to: "@s.whatsapp.net", type: "get", xmlns: "encrypt" },
    content: [{ tag: "key", attrs: {}, content: asks }],
  };
  const answer = (await a.sock.query(query)) as BinaryNode;
  const list = Array.isArray(answer.content) ? answer.content[0] : undefined;
  const users = Array.isArray(list?.content) ? list.content : [];
  const ids = users.map((user) => {
    const key = Array.isArray(user.content)
      ? user.content.find(({ tag }) => tag === "key")
      : undefined;
    const id = Array.isArray(key?.content) ? key.content[0]?.content : undefined;
    return Buffer.from(id as Uint8Array).toString("hex");
  });
  expect(new Set(ids).size).toBe(808);
  await c.stanza(notification("encrypt"));
  await simulator.waitFor(
    ({ kind, device, operation }) =>
      kind === "iq" && device === pnJid("15550000003", 1) && operation === "registration",
    {
      after: (
        await simulator.waitFor(({ kind, type }) => kind === "notification" && type === "encrypt")
      ).seq,
    },
  );
});

test("the key server counts, hands out down to a stock, and takes a new signed prekey", async () => {
  const number = "15550000004";
  await using client = await pairedClient(simulator, number);
  const device = pnJid(number, 1);
  expect(simulator.keyStock(device)).toEqual({ prekeys: 812, signed_prekey_id: 1 });
  await client.sock.rotateSignedPreKey();
  expect(simulator.keyStock(device, 4)).toEqual({ prekeys: 4, signed_prekey_id: 2 });
  await client.stanza(notification("encrypt"));
  expect(() => simulator.keyStock(pnJid(number, 9))).toThrow("no such device");
});

test("a black hole on the socket: nothing is answered, and the companion can come back", async () => {
  simulator.addFault({ on: "socket", match: { device: alice }, action: "blackhole" });
  await a.sock.sendMessage(pnJid("15550000009"), { text: "lost" }, { messageId: "3EB0LOST" });
  await a[Symbol.asyncDispose]();
  a = await loggedIn(openTestClient(simulator, a.auth));
  await a.send(pnJid("15550000009"), "back", "3EB0BACK");
  expect(simulator.messagesOf("15550000009").map(({ id }) => id)).toEqual(["3EB0COPY", "3EB0BACK"]);
});
