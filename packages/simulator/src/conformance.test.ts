import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DisconnectReason } from "@whiskeysockets/baileys";
import type { LogEntry } from "./event-log.ts";
import { pnJid } from "./jid.ts";
import type { BinaryNode } from "./node.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import {
  codePairedClient,
  loggedIn,
  openTestClient,
  pairedClient,
  type TestClient,
} from "./test-client.ts";

/** Two unmodified Baileys sockets over wss, one paired by QR and one by code. */
const alice = "15550000001";
const bob = "15550000002";
const carol = "15550000003";
const [aliceJid, bobJid, carolJid] = [alice, bob, carol].map((number) => pnJid(number)) as [
  string,
  string,
  string,
];

let simulator: Simulator;
let a: TestClient;
let b: TestClient;
let lastId = 0;

const newId = (): string => {
  lastId += 1;
  return `3EB0${String(lastId).padStart(18, "A")}`;
};
const receipt = (id: string, type?: string) => (node: BinaryNode) =>
  node.tag === "receipt" && node.attrs["id"] === id && node.attrs["type"] === type;
const logged = (kind: LogEntry["kind"], id: string) => (entry: LogEntry) =>
  entry.kind === kind && entry.id === id;
const opened: TestClient[] = [];

beforeAll(async () => {
  simulator = await openSimulator({ tlsPort: 0 });
  [a, b] = await Promise.all([pairedClient(simulator, alice), codePairedClient(simulator, bob)]);
  opened.push(a, b);
});

afterAll(async () => {
  await Promise.all(opened.map((client) => client[Symbol.asyncDispose]()));
  await simulator[Symbol.asyncDispose]();
});

describe("two companions", () => {
  test("exchange texts, and each sees delivered and read", async () => {
    const [hello, answer] = [newId(), newId()];
    const got = b.message(hello);
    expect((await a.send(bobJid, "hello", hello)).attrs["error"]).toBeUndefined();
    const message = await got;
    expect(message.message?.conversation ?? message.message?.extendedTextMessage?.text).toBe(
      "hello",
    );
    const delivered = await a.stanza(
      (node) => receipt(hello)(node) && node.attrs["from"]?.includes(":") === true,
    );
    expect(delivered.attrs["from"]).toBe(pnJid(bob, 1));
    await b.sock.readMessages([message.key]);
    await a.stanza(
      (node) => receipt(hello, "read")(node) && node.attrs["from"]?.includes(":") === true,
    );

    const gotAnswer = a.message(answer);
    await b.send(aliceJid, "hi", answer);
    expect((await gotAnswer).message?.extendedTextMessage?.text).toBe("hi");
    await b.stanza(receipt(answer));
    await b.stanza(receipt(answer, "read"));
  });

  test("edit, react and revoke, and the phones understand", async () => {
    const id = newId();
    const got = b.message(id);
    await a.send(bobJid, "frist", id);
    const { key } = await got;
    const own = { remoteJid: bobJid, fromMe: true, id };
    await a.sock.sendMessage(bobJid, { text: "first", edit: own });
    await b.sock.sendMessage(aliceJid, {
      react: { text: "👍", key: { ...key, remoteJid: aliceJid } },
    });
    await a.sock.sendMessage(bobJid, { delete: own });
    await simulator.waitFor(
      ({ kind, device, type }) => kind === "shown" && device === bob && type === "revoke",
    );
    await simulator.waitFor(
      ({ kind, device, type }) => kind === "shown" && device === alice && type === "reaction",
    );
    const atBob = simulator
      .messagesOf(bob)
      .filter((message) => message.target === id || message.id === id);
    expect(atBob.map(({ type, text }) => [type, text])).toEqual([
      ["text", ""],
      ["edit", "first"],
      ["revoke", ""],
    ]);
    expect(atBob[0]).toMatchObject({ edits: [{ text: "frist" }], revoked_by: atBob[2]?.id });
    expect(simulator.messagesOf(alice).filter(({ type }) => type === "reaction")).toMatchObject([
      { text: "👍", target: id },
    ]);
  });

  test("a virtual phone shows a text once and writes back to the companion and its phone", async () => {
    const id = newId();
    await a.send(carolJid, "to a phone", id);
    await a.stanza(receipt(id, "read"));
    expect(simulator.messagesOf(carol)).toMatchObject([
      { id, from: alice, type: "text", text: "to a phone", copies: 1 },
    ]);
    expect(simulator.sentBy(alice).some((copy) => copy.id === id && copy.to === carol)).toBe(true);

    const answer = await simulator.sendFrom(carol, { to: alice, text: "from a phone" });
    const got = await a.message(answer.id);
    expect(got.message?.conversation).toBe("from a phone");
    expect(simulator.messagesOf(alice).some(({ text }) => text === "from a phone")).toBe(true);
    // Carol's phone now trusts Alice, so Alice's messages carry its token.
    await a.stanza(({ tag, attrs }) => tag === "notification" && attrs["type"] === "privacy_token");
  });

  test("a note to one's own number is shown once by the own phone, and confirmed", async () => {
    for (const text of ["cold note", "warm note"]) {
      const id = newId();
      // eslint-disable-next-line no-await-in-loop -- the second is sent with a warm device cache
      await a.send(aliceJid, text, id);
      // eslint-disable-next-line no-await-in-loop
      await Promise.all([a.stanza(receipt(id)), a.stanza(receipt(id, "read"))]);
      expect(simulator.messagesOf(alice).filter((message) => message.id === id)).toMatchObject([
        { text, copies: 1 },
      ]);
    }
  });
});

describe("numbers", () => {
  test("not on WhatsApp: onWhatsApp leaves it out, a message is acked and reaches nobody", async () => {
    const stranger = "15550009999";
    simulator.setPhone(stranger, { on_whatsapp: false });
    expect(await a.sock.onWhatsApp(stranger)).toEqual([]);
    expect(await a.sock.onWhatsApp(carol)).toEqual([{ jid: carolJid, exists: true }]);
    const id = newId();
    expect((await a.send(pnJid(stranger), "anybody?", id)).attrs["error"]).toBeUndefined();
    expect(simulator.messagesOf(stranger)).toEqual([]);
  });

  test("a repeated id is ignored and counted; a setting shows it again", async () => {
    const phone = "15550000004";
    const [id, other] = [newId(), newId()];
    await a.send(pnJid(phone), "once", id);
    await a.sock.sendMessage(pnJid(phone), { text: "once" }, { messageId: id });
    await simulator.waitFor((entry) => logged("delivered", id)(entry) && entry.device === phone);
    expect(simulator.messagesOf(phone)).toMatchObject([{ id, copies: 2 }]);
    simulator.setPhone(phone, { dedupe: false });
    await a.send(pnJid(phone), "twice", other);
    await a.sock.sendMessage(pnJid(phone), { text: "twice" }, { messageId: other });
    await simulator.waitFor((entry) => logged("shown", other)(entry) && entry.device === phone, {
      after: (
        await simulator.waitFor((entry) => logged("shown", other)(entry) && entry.device === phone)
      ).seq,
    });
    expect(simulator.messagesOf(phone).filter((message) => message.id === other)).toHaveLength(2);
  });

  test("a restricted account gets 463 from strangers and reaches whose token it holds", async () => {
    simulator.setPhone(alice, { restricted_until: Math.floor(Date.now() / 1_000) + 3_600 });
    expect((await a.send(pnJid("15550000005"), "hello stranger", newId())).attrs["error"]).toBe(
      "463",
    );
    expect((await a.send(carolJid, "hello friend", newId())).attrs["error"]).toBeUndefined();
    expect(await a.sock.fetchAccountReachoutTimelock()).toMatchObject({ isActive: true });
    simulator.setPhone(alice, { restricted_until: 0 });
  });
});

describe("logins", () => {
  test("a second login replaces the first (440)", async () => {
    const first = a;
    a = await loggedIn(openTestClient(simulator, first.auth));
    opened.push(a);
    expect(await first.closed()).toBe(DisconnectReason.connectionReplaced);
    expect((await a.send(carolJid, "still here", newId())).attrs["error"]).toBeUndefined();
  });

  test("a failure says its reason, once", async () => {
    await a[Symbol.asyncDispose]();
    simulator.addFault({
      on: "login",
      match: { device: alice },
      action: { failure: 402, code: 101, expire: 3_600 },
    });
    await using refused = openTestClient(simulator, a.auth);
    expect(await refused.closed()).toBe(402);
    a = await loggedIn(openTestClient(simulator, a.auth));
    opened.push(a);
  });

  test("socket faults hit the connected socket at once", async () => {
    const hit = a;
    simulator.addFault({
      on: "socket",
      match: { device: alice },
      action: { stream_error: { code: 503 } },
    });
    expect(await hit.closed()).toBe(503);
    expect(simulator.faults()).toEqual([]);
    a = await loggedIn(openTestClient(simulator, hit.auth));
    opened.push(a);
  });

  test("what came while a companion was away is delivered in order, marked offline", async () => {
    await b[Symbol.asyncDispose]();
    await simulator.waitFor(({ kind, device }) => kind === "close" && device === pnJid(bob, 1));
    const ids = [newId(), newId(), newId()];
    // eslint-disable-next-line no-await-in-loop -- in order
    for (const id of ids) await a.send(bobJid, `late ${id}`, id);
    b = await loggedIn(openTestClient(simulator, b.auth));
    opened.push(b);
    await b.stanza(
      ({ tag, content }) => tag === "ib" && Array.isArray(content) && content[0]?.tag === "offline",
    );
    const messages = b.stanzas.filter(({ tag }) => tag === "message");
    expect(messages.map(({ attrs }) => attrs["id"])).toEqual(ids);
    expect(messages.every(({ attrs }) => attrs["offline"] !== undefined)).toBe(true);
    // Confirmed: the next login gets none.
    const from = pnJid(bob, 1);
    await Promise.all(
      ids.map((id) =>
        a.stanza(
          ({ tag, attrs }) => tag === "receipt" && attrs["id"] === id && attrs["from"] === from,
        ),
      ),
    );
  });

  test("logging out unlinks: the next login fails with 401", async () => {
    await b.sock.logout();
    await simulator.waitFor(({ kind, device }) => kind === "unlinked" && device === pnJid(bob, 1));
    await using again = openTestClient(simulator, b.auth);
    expect(await again.closed()).toBe(DisconnectReason.loggedOut);
  });

  test("unlinked by the phone: the socket gets 401", async () => {
    simulator.addFault({ on: "socket", match: { device: pnJid(alice, 1) }, action: "unlink" });
    expect(await a.closed()).toBe(DisconnectReason.loggedOut);
  });
});
