import { DisconnectReason } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogEntry } from "./event-log.ts";
import { pnJid } from "./jid.ts";
import type { BinaryNode } from "./node.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import { loggedIn, openTestClient, pairedClient, type TestClient } from "./test-client.ts";

/** What an unmodified client sees of every fault. */
const alice = "15550000001";

let simulator: Simulator;
let a: TestClient;
let lastId = 0;

const newId = (): string => {
  lastId += 1;
  return `3EB0${String(lastId).padStart(18, "A")}`;
};
const receipt = (id: string, type?: string) => (node: BinaryNode) =>
  node.tag === "receipt" && node.attrs["id"] === id && node.attrs["type"] === type;
const logged = (kind: LogEntry["kind"], id: string) => (entry: LogEntry) =>
  entry.kind === kind && entry.id === id;
/** Entries of one message, as `kind` words. */
const story = (id: string): string[] =>
  simulator
    .log()
    .entries.filter((entry) => entry.id === id)
    .map(({ kind }) => kind);
const receiptsOf = (id: string): (string | undefined)[] =>
  simulator
    .log()
    .entries.filter((entry) => entry.kind === "receipt" && entry.id === id)
    .map(({ type }) => type);

const opened: TestClient[] = [];

beforeAll(async () => {
  simulator = await openSimulator();
  a = await pairedClient(simulator, alice);
  opened.push(a);
});

afterAll(async () => {
  await Promise.all(opened.map((client) => client[Symbol.asyncDispose]()));
  await simulator[Symbol.asyncDispose]();
});

describe("message faults", () => {
  const to = "15550000006";
  const device = alice;

  test("nack: the error comes, nothing arrives", async () => {
    simulator.addFault({ on: "message", match: { to }, action: { nack: 479 } });
    const id = newId();
    expect((await a.send(pnJid(to), "x", id)).attrs["error"]).toBe("479");
    expect(simulator.messagesOf(to)).toEqual([]);
    expect(simulator.faults()).toEqual([]);
  });

  test("no_ack: it arrives and is confirmed, but never acked", async () => {
    simulator.addFault({ on: "message", match: { to, device }, action: "no_ack" });
    const id = newId();
    await a.sock.sendMessage(pnJid(to), { text: "x" }, { messageId: id });
    await a.stanza(receipt(id, "read"));
    expect(story(id)).not.toContain("ack");
  });

  test("blackhole: neither; the same id again arrives once", async () => {
    simulator.addFault({ on: "message", match: {}, action: "blackhole" });
    const id = newId();
    await a.sock.sendMessage(pnJid(to), { text: "x" }, { messageId: id });
    await simulator.waitFor((entry) => entry.kind === "message" && entry.id === id);
    expect((await a.send(pnJid(to), "x", id)).attrs["id"]).toBe(id);
    expect(simulator.messagesOf(to).filter((message) => message.id === id)).toMatchObject([
      { copies: 1 },
    ]);
    expect(story(id).filter((kind) => kind === "ack")).toHaveLength(1);
  });

  test("delay_ms: the ack comes after the receipts", async () => {
    simulator.addFault({ on: "message", match: { to }, action: { delay_ms: 60 } });
    const id = newId();
    await a.send(pnJid(to), "x", id);
    const kinds = story(id);
    expect(kinds.indexOf("ack")).toBeGreaterThan(kinds.indexOf("receipt"));
  });

  test.each(["phash", "refresh_lid"])(
    "%s: an ack that says so, of a message that arrived",
    async (hint) => {
      simulator.addFault({ on: "message", match: { to }, action: { [hint]: true } });
      const id = newId();
      const { attrs } = await a.send(pnJid(to), "x", id);
      expect(attrs[hint]).toEqual(expect.any(String));
      expect(attrs["error"]).toBeUndefined();
      expect(simulator.messagesOf(to).some((message) => message.id === id)).toBe(true);
    },
  );

  test.each([
    ["close_before_relay", DisconnectReason.connectionClosed, 0],
    ["close_after_relay", DisconnectReason.connectionClosed, 1],
    ["replaced", DisconnectReason.connectionReplaced, 0],
    [{ stream_error: { code: 515 } }, DisconnectReason.restartRequired, 0],
    [{ stream_error: { code: 503 } }, 503, 0],
  ])("%o ends the connection with %i and %i arrival", async (action, code, arrivals) => {
    const phone = `1555000${1000 + lastId}`;
    const id = newId();
    simulator.addFault({ on: "message", match: { to: phone }, action });
    await a.sock.sendMessage(pnJid(phone), { text: "x" }, { messageId: id });
    expect(await a.closed()).toBe(code);
    expect(simulator.messagesOf(phone)).toHaveLength(arrivals);
    expect(story(id)).not.toContain("ack");
    a = await loggedIn(openTestClient(simulator, a.auth));
    opened.push(a);
    // The receipts of what had arrived were kept.
    if (arrivals === 1) await a.stanza((node) => receipt(id, "read")(node));
  });
});

describe("receipt faults", () => {
  const to = "15550000007";
  const send = async (action: unknown, last: (id: string) => Promise<unknown>): Promise<string> => {
    simulator.addFault({ on: "receipt", match: { to }, action });
    const id = newId();
    await a.send(pnJid(to), "x", id);
    await last(id);
    return id;
  };

  test.each([
    ["read_first", ["read", "delivered"], undefined],
    ["duplicate", ["delivered", "delivered", "read", "read"], "read"],
    ["inactive", ["inactive"], "inactive"],
    ["from_lid", ["delivered", "read"], "read"],
    [{ delay_ms: 30 }, ["delivered", "read"], "read"],
  ])("%o", async (action, expected, lastType) => {
    const id = await send(action, (sent) =>
      a.stanza(
        () =>
          a.stanzas.filter((node) => receipt(sent, lastType)(node)).length ===
          expected.filter((type) => type === expected.at(-1)).length,
      ),
    );
    expect(receiptsOf(id)).toEqual(expected);
  });

  test("drop: none", async () => {
    const id = await send("drop", (sent) => simulator.waitFor(logged("ack", sent)));
    // The receipts of a later message have come, so the first one's never will.
    const later = newId();
    await a.send(pnJid(to), "y", later);
    await a.stanza(receipt(later, "read"));
    expect(receiptsOf(id)).toEqual([]);
  });

  test("retry: the phone asks again, and the client sends the same id anew", async () => {
    const id = await send("retry", (sent) => a.stanza(receipt(sent, "read")));
    expect(receiptsOf(id)[0]).toBe("retry");
    expect(simulator.messagesOf(to).filter((message) => message.id === id)).toMatchObject([
      { text: "x", copies: 1 },
    ]);
  });
});

describe("iq faults", () => {
  test("iq_error, drop and delay_ms", async () => {
    simulator.addFault({
      on: "iq",
      match: { xmlns: "usync", device: alice },
      action: { iq_error: { code: 429, text: "rate-overlimit" } },
    });
    await expect(a.sock.sendMessage(pnJid("15550000008"), { text: "x" })).rejects.toMatchObject({
      data: 429,
      message: "rate-overlimit",
    });
    simulator.addFault({ on: "iq", match: { xmlns: "blocklist" }, action: "drop" });
    const blocklist = {
      tag: "iq",
      attrs: { xmlns: "blocklist", type: "get", to: "@s.whatsapp.net" },
    };
    expect(
      await a.sock
        .query({ ...blocklist, attrs: { ...blocklist.attrs } }, 50)
        .catch(() => "timeout"),
    ).not.toHaveProperty("tag");
    simulator.addFault({ on: "iq", match: { xmlns: "blocklist" }, action: { delay_ms: 20 } });
    expect(await a.sock.query({ ...blocklist, attrs: { ...blocklist.attrs } })).toHaveProperty(
      "tag",
      "iq",
    );
    await expect(
      a.sock.query({ tag: "iq", attrs: { xmlns: "nonsense", type: "get", to: "@s.whatsapp.net" } }),
    ).rejects.toMatchObject({
      data: 501,
    });
  });
});

test("a stalled handshake gets no answer, the next one does", async () => {
  simulator.addFault({ on: "handshake", action: "stall" });
  const stalled = openTestClient(simulator);
  opened.push(stalled);
  await simulator.waitFor(({ kind, type }) => kind === "fault" && type === "handshake stall");
  await using next = openTestClient(simulator);
  await next.update(({ qr }) => qr !== undefined);
  expect(stalled.stanzas).toEqual([]);
});

describe("an account that asks for a passkey", () => {
  const phone = "15550000077";
  const asksForPasskey = (node: BinaryNode): boolean =>
    node.tag === "notification" && node.attrs["type"] === "passkey_prologue_request";

  test("links nobody by QR: the client hears of the passkey and nothing else", async () => {
    simulator.setPhone(phone, { passkey: true });
    await using client = openTestClient(simulator);
    const { qr } = await client.update((update) => update.qr !== undefined);
    await expect(simulator.scanQr(qr ?? "", phone)).rejects.toThrow("passkey");
    await client.stanza(asksForPasskey);
    expect(client.stanzas.at(-1)).toSatisfy(asksForPasskey);
    // The same code still serves an account without one.
    expect(await simulator.scanQr(qr ?? "", "15550000078")).toMatchObject({ device: 1 });
    await client.closed();
  });

  test("nor by code", async () => {
    simulator.setPhone(phone, { passkey: true });
    await using client = openTestClient(simulator);
    await client.update((update) => update.qr !== undefined);
    const code = await client.sock.requestPairingCode(phone);
    await expect(simulator.enterCode(phone, code)).rejects.toThrow("passkey");
    await client.stanza(asksForPasskey);
  });
});
