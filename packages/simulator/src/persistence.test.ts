import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pnJid } from "./jid.ts";
import { encodeLine, readJournal, type JournalEdit } from "./journal.ts";
import { openSimulator } from "./simulator.ts";
import { loggedIn, openTestClient, pairedClient, type MemoryAuth } from "./test-client.ts";

const alice = "15550000001";
const phone = "15550000002";

function setup() {
  const dir = mkdtempSync(join(tmpdir(), "simulator-"));
  return {
    dir,
    file: join(dir, "simulator.journal"),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

/** What a killed process would have left behind: the file as it is now. */
function killedCopy(place: ReturnType<typeof setup>) {
  const copy = setup();
  cpSync(place.file, copy.file);
  return copy;
}

test("after a kill and a start, devices log in, phones remember, and what waited is delivered", async () => {
  using place = setup();
  await using killed = await openSimulator({ dataDir: place.dir });
  const client = await pairedClient(killed, alice);
  await client.send(pnJid(phone), "before the kill", "3EB0BEFORE");
  await client.send(pnJid(phone), "again", "3EB0AGAIN");
  await client[Symbol.asyncDispose]();
  const sent = await killed.sendFrom(phone, { to: alice, text: "while away" });
  killed.setPhone("15550000009", { on_whatsapp: false });
  using left = killedCopy(place);

  await using simulator = await openSimulator({ dataDir: left.dir });
  expect(simulator.rootKey).toBe(killed.rootKey);
  expect(simulator.settingsOf("15550000009").on_whatsapp).toBe(false);
  await using again = await loggedIn(openTestClient(simulator, client.auth));
  expect((await again.message(sent.id)).message?.conversation).toBe("while away");
  expect(simulator.messagesOf(phone).map(({ text }) => text)).toEqual(["before the kill", "again"]);
  await again.send(pnJid(phone), "again", "3EB0AGAIN");
  expect(simulator.messagesOf(phone).map(({ copies }) => copies)).toEqual([1, 2]);
  await again.send(pnJid(phone), "after the kill", "3EB0AFTER");
  expect(simulator.messagesOf(phone).at(-1)?.text).toBe("after the kill");
  expect(simulator.stats().unreadable).toBe(0);
});

test("a journal cut at any byte still opens, with a paired device or without", async () => {
  using place = setup();
  {
    await using simulator = await openSimulator({ dataDir: place.dir });
    await using _client = await pairedClient(simulator, alice);
  }
  const { size } = statSync(place.file);
  for (const part of [0.999, 0.5, 0.01, 0]) {
    using copy = killedCopy(place);
    truncateSync(copy.file, Math.floor(size * part));
    // eslint-disable-next-line no-await-in-loop -- one simulator at a time
    await using simulator = await openSimulator({ dataDir: copy.dir });
    expect(simulator.stats().devices_paired).toBeLessThanOrEqual(1);
  }
});

test("phones that lost their sessions ask again and get the message", async () => {
  using place = setup();
  let auth: MemoryAuth;
  {
    await using simulator = await openSimulator({ dataDir: place.dir });
    await using client = await pairedClient(simulator, alice);
    await client.send(pnJid(phone), "one", "3EB0ONE");
    // Only an answer ends the client's habit of sending a whole new session with every message.
    await client.message((await simulator.sendFrom(phone, { to: alice, text: "answer" })).id);
    await client.send(pnJid(phone), "settled", "3EB0SETTLED");
    ({ auth } = client);
  }
  const { live } = readJournal(readFileSync(place.file));
  const kept = [...live].filter(([key]) => !key.startsWith("session/"));
  writeFileSync(place.file, encodeLine(kept));

  await using simulator = await openSimulator({ dataDir: place.dir });
  // With the device list cached, the client goes on with the session it has.
  const devices = new Map<string, unknown>(
    [alice, phone].map((user) => [
      user,
      [{ user, device: 0, domainType: 0, server: "s.whatsapp.net" }],
    ]),
  );
  const userDevicesCache = {
    get: (key: string) => devices.get(key),
    set() {},
    del() {},
    flushAll() {},
  };
  await using client = await loggedIn(openTestClient(simulator, auth, { userDevicesCache }));
  await client.send(pnJid(phone), "two", "3EB0TWO");
  await client.stanza(
    ({ tag, attrs }) => tag === "receipt" && attrs["id"] === "3EB0TWO" && attrs["type"] === "read",
  );
  expect(simulator.stats().unreadable).toBeGreaterThan(0);
  expect(simulator.messagesOf(phone).map(({ text, copies }) => [text, copies])).toEqual([
    ["one", 1],
    ["settled", 1],
    ["two", 1],
  ]);
});

test("a companion that lost its session asks the phone again", async () => {
  await using simulator = await openSimulator();
  const client = await pairedClient(simulator, alice);
  await client.send(pnJid(phone), "so that both have a session", "3EB0SESSION");
  const { id } = await simulator.sendFrom(phone, { to: alice, text: "first" });
  await client.message(id);
  await client[Symbol.asyncDispose]();
  client.loseSessions();
  await using again = await loggedIn(openTestClient(simulator, client.auth));
  const second = await simulator.sendFrom(phone, { to: alice, text: "second" });
  await simulator.waitFor(
    ({ kind, id: about, type }) => kind === "receipt_in" && about === second.id && type === "retry",
  );
  expect((await again.message(second.id)).message?.conversation).toBe("second");
});

test("receipts that were due when the process was killed are sent after the start", async () => {
  using place = setup();
  await using killed = await openSimulator({
    dataDir: place.dir,
    delays: { delivered: 60_000, read: 60_000 },
  });
  const client = await pairedClient(killed, alice);
  await client.send(pnJid(phone), "one", "3EB0DUE");
  await client[Symbol.asyncDispose]();
  using left = killedCopy(place);
  const { live } = readJournal(readFileSync(left.file));
  const due = [...live].map(([key, value]): JournalEdit => [
    key,
    key.startsWith("due/") ? hurried(value) : value,
  ]);
  writeFileSync(left.file, encodeLine(due));

  await using simulator = await openSimulator({ dataDir: left.dir });
  await using again = await loggedIn(openTestClient(simulator, client.auth));
  await again.stanza(
    ({ tag, attrs }) => tag === "receipt" && attrs["id"] === "3EB0DUE" && attrs["type"] === "read",
  );
});

function hurried(due: unknown): unknown {
  const { planned, ...rest } = due as { planned: { afterMs: number }[] };
  return { ...rest, planned: planned.map((receipt) => ({ ...receipt, afterMs: 1 })) };
}
