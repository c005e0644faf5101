import type { Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  memoryStore,
  openTestSimulator,
  pair,
  someKeys,
  type TestDevice,
  testDevice,
  type TestDeviceOptions,
} from "./device-fixture.ts";
import { OWN_ENDINGS, type OwnEnding } from "./disconnect-table.ts";
import {
  PUBLISHED_DISCONNECTS,
  PUBLISHED_UNKNOWN_DISCONNECT,
  UNKNOWN_CODE,
} from "./published-fixture.ts";

/** Every row of the table, said by the server at the login and to an open connection. One pairing serves them all. */
const OWN = "15550152000";
let simulator: Simulator;
let jid: string;
const keys = someKeys();
const records = new Map<string, Buffer>();

beforeAll(async () => {
  simulator = await openTestSimulator();
  const store = memoryStore();
  const first = testDevice(simulator, { store, keys });
  await using _ = first.device;
  jid = await pair(simulator, first, OWN);
  await first.device.disconnect();
  for (const [name, value] of store.records) records.set(name, value);
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
});

/** The device as it was after its pairing; what it forgets, it forgets in a copy. */
function again(options: TestDeviceOptions = {}): TestDevice {
  return testDevice(simulator, { store: memoryStore(new Map(records)), keys, ...options });
}

const ROWS = [
  ...Object.entries(PUBLISHED_DISCONNECTS).map(([code, row]) => [Number(code), row] as const),
  [UNKNOWN_CODE, PUBLISHED_UNKNOWN_DISCONNECT] as const,
];

test.each(ROWS)("a login refused with %i: %j", async (failure, expected) => {
  const tried = again();
  await using device = tried.device;
  simulator.addFault({ on: "login", match: { device: jid }, action: { failure } });
  device.connect();
  await untilAsPublished(tried, expected);
  expect(tried.told.connections()).toBe(expected.kind === "back" ? 1 : 0);
});

test.each(ROWS)("an open connection ended with %i: %j", async (code, expected) => {
  const tried = again();
  await using device = tried.device;
  device.connect();
  await tried.told.untilState("connected");
  const action = { stream_error: { code } };
  simulator.addFault({ on: "socket", match: { device: jid }, action });
  await untilAsPublished(tried, expected);
  expect(tried.told.connections()).toBe(expected.kind === "back" ? 2 : 1);
});

async function untilAsPublished(
  { told, store }: TestDevice,
  { kind, state, cause, code }: (typeof ROWS)[number][1],
): Promise<void> {
  const change = await told.untilState(state, cause);
  expect(change).toMatchObject({ code });
  if (kind === "back") await told.until(({ states }) => states.at(-1)?.state === "connected");
  if (kind === "rests") expect(change.until).toBeGreaterThan(change.at + 290_000);
  expect(store.erased).toBe(kind === "forgets" ? 1 : 0);
}

/** How each ending of our own is brought about; the device that tells of it. */
const PROVOKED: Readonly<Record<OwnEnding, (() => TestDevice) | "seen in its rule's test">> = {
  passkey_required: () => {
    simulator.setPhone("15550152009", { passkey: true });
    const unpaired = testDevice(simulator);
    void unpaired.told
      .until(({ qrs }) => qrs.at(-1))
      .then(({ text }) => simulator.scanQr(text, "15550152009"))
      .catch(() => {});
    return unpaired;
  },
  pairing_refused: "seen in its rule's test",
  not_owner: () => {
    const lost = again({ stillOwner: async () => false });
    simulator.addFault({ on: "socket", match: { device: jid }, action: "replaced" });
    return lost;
  },
  credentials_unreadable: () => again({ keys: someKeys() }),
  open_timeout: () => {
    simulator.addFault({ on: "handshake", action: "stall" });
    return again({ settings: { open_timeout_ms: 1_000 } });
  },
  connection_lost: () => {
    simulator.addFault({ on: "socket", match: { device: jid }, action: "blackhole" });
    return again({ settings: { keep_alive_ms: 300 } });
  },
  bad_frame: "seen in its rule's test",
  store_failed: () => {
    const store = memoryStore(new Map(records));
    let failures = 1;
    const load = store.load.bind(store);
    store.load = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error("away");
      return load();
    };
    return again({ store });
  },
};

const provoked = Object.entries(PROVOKED).flatMap(([why, provoke]) =>
  typeof provoke === "string" ? [] : [[why, provoke] as const],
);

test.each(provoked)("our own ending %s", async (why, provoke) => {
  const { cause, code, state, follows } = OWN_ENDINGS[why as OwnEnding];
  const tried = provoke();
  await using device = tried.device;
  device.connect();
  expect(await tried.told.untilState(state, cause)).toMatchObject({ code });
  if (follows === "backoff") await tried.told.untilState("connected");
  expect(tried.store.erased).toBe(0);
  simulator.clearFaults();
});
