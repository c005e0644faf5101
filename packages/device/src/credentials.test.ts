import type { AuthenticationCreds } from "@whiskeysockets/baileys";
import { expect, test, vi } from "vitest";
import { type Credentials, loadCredentials } from "./credentials.ts";
import { type MemoryStore, memoryStore, someKeys } from "./device-fixture.ts";
import { type CredentialKeys, openSeal } from "./seal.ts";

const pairKey = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) };

interface Setup {
  readonly credentials: Credentials;
  readonly store: MemoryStore;
  readonly keys: CredentialKeys;
  readonly onStale: ReturnType<typeof vi.fn>;
  readonly onTrust: ReturnType<typeof vi.fn>;
}

async function load(store: MemoryStore, keys: CredentialKeys) {
  const onStale = vi.fn();
  const onTrust = vi.fn();
  const loaded = await loadCredentials(store, openSeal("dev_1", keys), { onStale, onTrust });
  return { loaded, onStale, onTrust };
}

async function setup(store = memoryStore(), keys = someKeys()): Promise<Setup> {
  const { loaded, onStale, onTrust } = await load(store, keys);
  if (loaded.kind !== "credentials") throw new Error(loaded.reason);
  return { credentials: loaded.credentials, store, keys, onStale, onTrust };
}

function becomePaired(creds: AuthenticationCreds): void {
  Object.assign(creds, {
    me: { id: "15550100001:1@s.whatsapp.net" },
    account: { details: Buffer.alloc(4) },
  });
}

async function paired(): Promise<Setup> {
  const made = await setup();
  becomePaired(made.credentials.creds());
  await made.credentials.settled();
  return made;
}

test("before the device is paired nothing is written", async () => {
  const { credentials, store } = await setup();
  await credentials.keysForSocket().keys.set({ "pre-key": { 1: pairKey } });
  credentials.creds().nextPreKeyId = 9;
  await credentials.settled();
  expect(store.writes).toEqual([]);
});

test("a half pairing (code asked for, never typed) counts as none", async () => {
  const { credentials } = await setup();
  credentials.creds().me = { id: "15550100001@s.whatsapp.net" };
  expect(credentials.isPaired()).toBe(false);
});

test("keys and the changed creds document go in one write", async () => {
  const { credentials, store } = await paired();
  credentials.creds().nextPreKeyId = 813;
  await credentials
    .keysForSocket()
    .keys.set({ "pre-key": { 1: pairKey, 2: pairKey }, "lid-mapping": { 155: "777" } });
  const write = store.writes.at(-1);
  expect([...(write?.set.keys() ?? [])].toSorted()).toEqual([
    "creds",
    "lid-mapping:155",
    "pre-key:1",
    "pre-key:2",
  ]);
  expect(store.writes.length).toBe(2);
});

test("creds that did not change are not written again", async () => {
  const { credentials, store } = await paired();
  await credentials.keysForSocket().keys.set({ "pre-key": { 1: pairKey } });
  expect([...(store.writes.at(-1)?.set.keys() ?? [])]).toEqual(["pre-key:1"]);
  await credentials.settled();
  expect(store.writes.length).toBe(2);
});

test("null removes the record", async () => {
  const { credentials, store } = await paired();
  const { keys } = credentials.keysForSocket();
  await keys.set({ "pre-key": { 1: pairKey } });
  await keys.set({ "pre-key": { 1: null } });
  expect(store.writes.at(-1)?.remove).toEqual(["pre-key:1"]);
  expect(await keys.get("pre-key", ["1"])).toEqual({});
});

test("writes never overlap, and what changes meanwhile goes together into the next one", async () => {
  const { credentials, store } = await paired();
  const { keys } = credentials.keysForSocket();
  const gate = Promise.withResolvers<void>();
  const write = store.write.bind(store);
  let running = 0;
  let most = 0;
  store.write = async (changes) => {
    running += 1;
    most = Math.max(most, running);
    await gate.promise;
    running -= 1;
    return write(changes);
  };
  const sets = [1, 2, 3, 4].map((id) => keys.set({ session: { [`${id}.0`]: Buffer.from([id]) } }));
  gate.resolve();
  await Promise.all(sets.map(async (set) => await set));
  expect(most).toBe(1);
  expect(store.writes.slice(1).flatMap(({ set }) => [...set.keys()])).toEqual([
    "session:1.0",
    "session:2.0",
    "session:3.0",
    "session:4.0",
  ]);
});

test("what could not be written is told, stays readable, and goes with the next write in its latest form", async () => {
  const { credentials, store, keys: sealing } = await paired();
  const { keys } = credentials.keysForSocket();
  store.next.push("fail");
  await expect(keys.set({ session: { "1.0": Buffer.from("first") } })).rejects.toThrow("away");
  expect(await keys.get("session", ["1.0"])).toEqual({ "1.0": Buffer.from("first") });
  await keys.set({ session: { "1.0": Buffer.from("second"), "2.0": Buffer.from("x") } });
  const again = await setup(store, sealing);
  expect(await again.credentials.keysForSocket().keys.get("session", ["1.0", "2.0"])).toEqual({
    "1.0": Buffer.from("second"),
    "2.0": Buffer.from("x"),
  });
});

test("a refused write ends all writing, is told once, and erases nothing", async () => {
  const { credentials, store, onStale } = await paired();
  const { keys } = credentials.keysForSocket();
  store.next.push("stale");
  await expect(keys.set({ session: { "1.0": Buffer.from("x") } })).rejects.toThrow();
  await expect(keys.set({ session: { "2.0": Buffer.from("x") } })).rejects.toThrow();
  await expect(credentials.settled()).rejects.toThrow();
  expect(await credentials.erase()).toBe("stale");
  expect(onStale).toHaveBeenCalledOnce();
  expect(store.writes.length).toBe(1);
  expect(store.erased).toBe(0);
});

test("a retired socket can't write any more", async () => {
  const { credentials, store } = await paired();
  const { keys, retire } = credentials.keysForSocket();
  retire();
  await expect(keys.set({ session: { "1.0": Buffer.from("late") } })).rejects.toThrow();
  await credentials.settled();
  expect(store.writes.length).toBe(1);
});

test("everything comes back from the store, in the clear only in memory", async () => {
  const { credentials, store, keys } = await paired();
  const session = { _sessions: { abc: { registrationId: 7 } }, version: "v1" };
  await credentials
    .keysForSocket()
    .keys.set({ session: { "1.0": session as never }, "pre-key": { 5: pairKey } });
  const again = await setup(memoryStore(store.records), keys);
  expect(again.credentials.isPaired()).toBe(true);
  expect(again.credentials.creds()).toEqual(credentials.creds());
  expect(await again.credentials.keysForSocket().keys.get("session", ["1.0"])).toEqual({
    "1.0": session,
  });
  expect(again.credentials.size().records).toBe(3);
  for (const value of store.records.values()) expect(value.includes("registrationId")).toBe(false);
});

test.each(["creds", "session:1.0"])(
  "a damaged record %s makes all of it unreadable and changes nothing",
  async (name) => {
    const { credentials, store, keys } = await paired();
    await credentials.keysForSocket().keys.set({ session: { "1.0": Buffer.from("x") } });
    store.records.get(name)?.fill(0, 20);
    const before = new Map(store.records);
    const { loaded } = await load(store, keys);
    expect(loaded).toEqual({ kind: "unreadable", reason: "wrong_key_or_damaged" });
    expect(store.records).toEqual(before);
  },
);

test("keys without a creds document are unreadable, not a new device", async () => {
  const { credentials, store, keys } = await paired();
  await credentials.keysForSocket().keys.set({ session: { "1.0": Buffer.from("x") } });
  store.records.delete("creds");
  const { loaded } = await load(store, keys);
  expect(loaded).toEqual({ kind: "unreadable", reason: "creds_missing_or_damaged" });
});

test("after a rotation the first write brings every record to the new key", async () => {
  const { credentials, store, keys } = await paired();
  await credentials.keysForSocket().keys.set({ session: { "1.0": Buffer.from("x") } });
  const rotated = { current: someKeys("k2").current, older: [keys.current] };
  const again = await setup(store, rotated);
  await again.credentials.settled();
  const { loaded } = await load(store, { current: rotated.current, older: [] });
  expect(loaded.kind).toBe("credentials");
});

test("a trust token is announced with its end", async () => {
  const { credentials, onTrust } = await paired();
  const token = { token: Buffer.from("t"), timestamp: "1800000000" };
  await credentials.keysForSocket().keys.set({
    tctoken: {
      "777@lid": token,
      "888@lid": { token: Buffer.alloc(0) },
      __index: { token: Buffer.from("[]") },
    },
  });
  expect(onTrust.mock.calls).toEqual([
    [{ recipient: "777@lid", until: 1_800_000_000_000 + 28 * 86_400_000 }],
  ]);
});

test("erasing leaves new, unpaired creds", async () => {
  const { credentials, store } = await paired();
  const before = credentials.creds();
  expect(await credentials.erase()).toBe("written");
  expect(store.records.size).toBe(0);
  expect(credentials.isPaired()).toBe(false);
  expect(credentials.creds().noiseKey).not.toEqual(before.noiseKey);
});
