import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyMessageContent } from "@whiskeysockets/baileys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LogEntry } from "./event-log.ts";
import type { GroupView } from "./group-control.ts";
import { lidJid, pnJid } from "./jid.ts";
import type { BinaryNode } from "./node.ts";
import { openSimulator, type Simulator } from "./simulator.ts";
import {
  loggedIn,
  openTestClient,
  pairedClient,
  type MemoryAuth,
  type TestClient,
} from "./test-client.ts";

/** Groups of two unmodified Baileys sockets and a virtual phone. */
const alice = "15550020001";
const bob = "15550020002";
const carol = "15550020003";

let simulator: Simulator;
let a: TestClient;
let b: TestClient;

const newId = (): string => `3EB0${randomBytes(9).toString("hex").toUpperCase()}`;
const groupReceipt =
  (id: string, participant: string, type?: string) =>
  ({ tag, attrs }: BinaryNode): boolean =>
    tag === "receipt" &&
    attrs["id"] === id &&
    attrs["participant"] === participant &&
    attrs["type"] === type;
const ackOf =
  (id: string) =>
  ({ tag, attrs }: BinaryNode): boolean =>
    tag === "ack" && attrs["class"] === "message" && attrs["id"] === id;

beforeAll(async () => {
  simulator = await openSimulator();
  [a, b] = await Promise.all([pairedClient(simulator, alice), pairedClient(simulator, bob)]);
});

afterAll(async () => {
  await Promise.all([a, b].map((client) => client[Symbol.asyncDispose]()));
  await simulator[Symbol.asyncDispose]();
});

describe.each(["lid", "pn"] as const)("a group in %s mode", (mode) => {
  const jidOf = (number: string): string => (mode === "lid" ? lidJid(number) : pnJid(number));
  const deviceOf = (number: string): string =>
    mode === "lid" ? lidJid(number, 1) : pnJid(number, 1);
  let group: GroupView;

  beforeAll(() => {
    group = simulator.createGroup({ subject: mode, participants: [alice, bob, carol], mode });
  });

  test("its members can look it up, alone and among all", async () => {
    const found = await a.sock.groupMetadata(group.id);
    expect(found).toMatchObject({ id: group.id, subject: mode, addressingMode: mode, size: 3 });
    expect(found.participants.map(({ id }) => id)).toEqual([alice, bob, carol].map(jidOf));
    expect(found.participants[0]?.admin).toBe("superadmin");
    expect(Object.keys(await b.sock.groupFetchAllParticipating())).toContain(group.id);
  });

  test("a text reaches the phones and companions of all members, who confirm it by name", async () => {
    for (const text of ["first, with keys", "second", "third"]) {
      const id = newId();
      const got = b.message(id);
      // eslint-disable-next-line no-await-in-loop -- one after the other
      await a.sock.sendMessage(group.id, { text }, { messageId: id });
      // eslint-disable-next-line no-await-in-loop
      const message = await got;
      expect(message.message?.extendedTextMessage?.text).toBe(text);
      expect(message.key).toMatchObject({ remoteJid: group.id, participant: jidOf(alice) });
      // eslint-disable-next-line no-await-in-loop
      await Promise.all([
        a.stanza(ackOf(id)),
        a.stanza(groupReceipt(id, jidOf(carol))),
        a.stanza(groupReceipt(id, jidOf(carol), "read")),
        a.stanza(groupReceipt(id, deviceOf(bob))),
      ]);
      for (const phone of [bob, carol]) {
        const shown = simulator.messagesOf(phone).find((candidate) => candidate.id === id);
        expect(shown).toMatchObject({ from: alice, to: group.id, text, copies: 1 });
      }
      expect(simulator.sentBy(alice).some((copy) => copy.id === id)).toBe(true);
      // eslint-disable-next-line no-await-in-loop
      await b.sock.readMessages([message.key]);
      // eslint-disable-next-line no-await-in-loop
      await a.stanza(groupReceipt(id, deviceOf(bob), "read"));
    }
    const unreadable = ({ kind, to }: LogEntry): boolean =>
      kind === "unreadable" && to === group.id;
    expect(simulator.log().entries.filter(unreadable)).toEqual([]);
  });

  test("a phone writes to it, and the companions read it by its sender key", async () => {
    for (const text of ["with my key", "without"]) {
      // eslint-disable-next-line no-await-in-loop -- the second comes without the key
      const { id } = await simulator.sendFrom(carol, { to: group.id, text });
      // eslint-disable-next-line no-await-in-loop
      const [atAlice, atBob] = await Promise.all([a.message(id), b.message(id)]);
      expect(atAlice.message?.conversation).toBe(text);
      expect(atBob.key).toMatchObject({ remoteJid: group.id, participant: jidOf(carol) });
    }
  });

  test("a reaction, an edit and a revoke find their message", async () => {
    const id = newId();
    await a.sock.sendMessage(group.id, { text: "frist" }, { messageId: id });
    await b.message(id);
    const key = { remoteJid: group.id, fromMe: true, id };
    await a.sock.sendMessage(group.id, { text: "first", edit: key });
    await simulator.sendFrom(carol, { to: group.id, reaction: { message_id: id, emoji: "👍" } });
    const at = () => simulator.messagesOf(bob).find((message) => message.id === id);
    await simulator.waitFor(
      ({ kind, device, type, to }) =>
        [kind, device, type, to].join() === ["shown", bob, "edit", group.id].join(),
    );
    expect(at()).toMatchObject({ text: "first", reactions: { [carol]: "👍" } });
    await a.sock.sendMessage(group.id, { delete: key });
    await simulator.waitFor(
      ({ kind, device, type, to }) =>
        [kind, device, type, to].join() === ["shown", bob, "revoke", group.id].join(),
    );
    expect(at()).toMatchObject({ text: "", edits: [{ text: "frist" }] });
  });

  test("a phone that cannot read it asks again and gets it", async () => {
    const id = newId();
    simulator.addFault({ on: "receipt", match: { to: carol }, action: "retry" });
    await a.sock.sendMessage(group.id, { text: "say again?" }, { messageId: id });
    await a.stanza(groupReceipt(id, jidOf(carol), "retry"));
    await a.stanza(groupReceipt(id, jidOf(carol), "read"));
    const shown = simulator.messagesOf(carol).find((message) => message.id === id);
    expect(shown).toMatchObject({ text: "say again?", copies: 1 });
  });

  test("an image goes through it in both directions", async () => {
    const image = randomBytes(2_000);
    const id = newId();
    const got = b.message(id);
    await a.sock.sendMessage(group.id, { image, jpegThumbnail: "AAAA" }, { messageId: id });
    expect(Number((await got).message?.imageMessage?.fileLength)).toBe(2_000);
    const opened = await simulator.mediaOf(carol, id);
    const chunks: Buffer[] = [];
    for await (const chunk of opened.bytes) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(image)).toBe(true);
    const back = { base64: image.toString("base64"), caption: "back" };
    const sent = await simulator.sendFrom(carol, { to: group.id, image: back });
    expect((await a.message(sent.id)).message?.imageMessage?.caption).toBe("back");
  });

  test("who is named in the wrong space is refused with 421", async () => {
    const metadata = await a.sock.groupMetadata(group.id);
    const other = mode === "lid" ? "pn" : "lid";
    const id = newId();
    await using stale = await loggedIn(
      openTestClient(simulator, a.auth, {
        cachedGroupMetadata: () => Promise.resolve({ ...metadata, addressingMode: other }),
      }),
    );
    await stale.sock.sendMessage(group.id, { text: "stale" }, { messageId: id });
    expect((await stale.stanza(ackOf(id))).attrs["error"]).toBe("421");
    a = await loggedIn(openTestClient(simulator, a.auth));
  });

  test("a companion that cannot read it asks again and gets it", async () => {
    const gone = [...b.auth.stored.keys()].filter((key) => key.startsWith("sender-key/"));
    for (const key of gone) b.auth.stored.delete(key);
    const { id } = await simulator.sendFrom(carol, { to: group.id, text: "once more" });
    expect((await b.message(id)).message?.conversation).toBe("once more");
  });
});

test("after a restart phones still read what a companion writes with the old key", async () => {
  const dir = mkdtempSync(join(tmpdir(), "simulator-groups-"));
  try {
    let auth: MemoryAuth;
    let group: GroupView;
    {
      await using first = await openSimulator({ dataDir: dir });
      await using client = await pairedClient(first, alice);
      ({ auth } = client);
      group = first.createGroup({ subject: "kept", participants: [alice, carol] });
      await client.sock.sendMessage(group.id, { text: "before" }, { messageId: newId() });
      await first.waitFor(({ kind, device }) => kind === "shown" && device === carol);
    }
    await using second = await openSimulator({ dataDir: dir });
    expect(second.groups(carol)).toEqual([group]);
    await using again = await loggedIn(openTestClient(second, auth));
    await again.sock.sendMessage(group.id, { text: "after" }, { messageId: newId() });
    await second.waitFor(({ kind, device }) => kind === "shown" && device === carol);
    expect(second.messagesOf(carol).map(({ text }) => text)).toEqual(["before", "after"]);
    expect(second.stats().unreadable).toBe(0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

describe("membership", () => {
  test("who is not in it gets 403, and 404 where there is no group", async () => {
    const group = simulator.createGroup({ subject: "others", participants: [bob, carol] });
    await expect(a.sock.groupMetadata(group.id)).rejects.toMatchObject({ data: 403 });
    await expect(a.sock.groupMetadata("120363000000000001@g.us")).rejects.toMatchObject({
      data: 404,
    });
    const id = newId();
    const metadata = await b.sock.groupMetadata(group.id);
    await using blind = await pairedClient(simulator, "15550020008", {
      cachedGroupMetadata: () => Promise.resolve(metadata),
    });
    await blind.sock.sendMessage(group.id, { text: "let me in" }, { messageId: id });
    expect((await blind.stanza(ackOf(id))).attrs["error"]).toBe("403");
    await expect(
      simulator.sendFrom("15550020007", { to: group.id, text: "nor I" }),
    ).rejects.toThrow("not in this group");
  });

  test("admins delete what others wrote, the others do not; and they may keep the word", async () => {
    const group = simulator.createGroup({ subject: "led", participants: [alice, bob, carol] });
    const send = async (client: TestClient, content: AnyMessageContent): Promise<BinaryNode> => {
      const id = newId();
      await client.sock.sendMessage(group.id, content, { messageId: id });
      return client.stanza(ackOf(id));
    };
    const { id } = await simulator.sendFrom(carol, { to: group.id, text: "oops" });
    const { key } = await b.message(id);
    expect((await send(b, { delete: key })).attrs["error"]).toBe("403");
    expect((await send(a, { delete: key })).attrs["error"]).toBeUndefined();
    const at = simulator.messagesOf(bob).find((message) => message.id === id);
    expect(at).toMatchObject({ text: "", revoked_by: expect.any(String) });

    await a.sock.groupSettingUpdate(group.id, "announcement");
    expect((await a.sock.groupMetadata(group.id)).announce).toBe(true);
    expect((await send(b, { text: "may I?" })).attrs["error"]).toBe("403");
    simulator.changeMembers(group.id, { change: "promote", participants: [bob] });
    expect((await send(b, { text: "I may" })).attrs["error"]).toBeUndefined();
  });

  test("a companion creates a group, adds and removes; the others are told", async () => {
    const made = await a.sock.groupCreate("ours", [pnJid(bob)]);
    const told = (what: string) => (node: BinaryNode) =>
      node.tag === "notification" &&
      node.attrs["from"] === made.id &&
      Array.isArray(node.content) &&
      node.content[0]?.tag === what;
    await b.stanza(told("create"));
    expect(await a.sock.groupParticipantsUpdate(made.id, [pnJid(carol)], "add")).toMatchObject([
      { status: "200" },
    ]);
    await b.stanza(told("add"));
    expect(simulator.group(made.id).participants.map(({ number }) => number)).toEqual([
      alice,
      bob,
      carol,
    ]);
    await b.sock.groupLeave(made.id);
    await a.stanza(told("remove"));
    await expect(b.sock.groupMetadata(made.id)).rejects.toMatchObject({ data: 403 });
  });

  test("groups are made and looked up over HTTP", async () => {
    const url = `${simulator.controlUrl}/admin/groups`;
    const order = { subject: "by hand", participants: [`+${carol}`, alice], mode: "pn" };
    const made = await fetch(url, { method: "POST", body: JSON.stringify(order) });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as GroupView;
    const body = JSON.stringify({ add: [bob] });
    await fetch(`${url}/${encodeURIComponent(id)}/participants`, { method: "POST", body });
    const found = (await (await fetch(`${url}?phone=${bob}`)).json()) as GroupView[];
    expect(found.find((group) => group.id === id)).toMatchObject({
      creator: carol,
      participants: [
        { number: carol, role: "superadmin", devices: [] },
        { number: alice, role: "member", devices: [pnJid(alice, 1)] },
        { number: bob, role: "member" },
      ],
    });
  });
});
