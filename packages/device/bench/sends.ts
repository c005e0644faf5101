import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { DEFAULT_SETTINGS, mintMessageId } from "@pombo/domain";
import type { Stats } from "@pombo/simulator";
import { type CredentialChanges, openDevice } from "../src/index.ts";

/**
 * What one device pays for a message: CPU, bytes written to the credentials, queries. The simulator is another process, the store
 * is memory.
 *
 * Run: node packages/device/bench/sends.ts [warm sends [cold sends]]     (with --cpu-prof for a profile)
 */
const warm = Number(process.argv[2] ?? 3_000);
const cold = Number(process.argv[3] ?? 100);
const program = new URL("../../../apps/simulator/src/main.ts", import.meta.url).pathname;
const server = spawn(process.execPath, [program], {
  stdio: ["ignore", "ignore", "inherit", "ipc"],
});
const ready = await new Promise<Readonly<Record<string, string>>>((resolve) => {
  server.once("message", (message) => resolve(message as never));
});

async function control<T>(path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return (await (await fetch(`${ready["control_url"]}${path}`, init)).json()) as T;
}

const records = new Map<string, Buffer>();
const wrote = { writes: 0, records: 0, bytes: 0 };
const connected = Promise.withResolvers<void>();

function write({ set, remove }: CredentialChanges): Promise<"written"> {
  wrote.writes += 1;
  for (const [name, value] of set) {
    wrote.records += 1;
    wrote.bytes += name.length + value.length;
    records.set(name, value);
  }
  for (const name of remove) records.delete(name);
  return Promise.resolve("written");
}

const device = openDevice(
  {
    deviceId: "dev_bench",
    whatsapp: {
      url: ready["simulator_url"] ?? "",
      rootKey: ready["root_key"] ?? "",
      ca: ready["ca"] ?? "",
    },
    settings: DEFAULT_SETTINGS,
    keys: { current: { id: "k1", key: randomBytes(32) }, older: [] },
  },
  {
    store: { load: async () => new Map(), write, erase: async () => "written" },
    contentOf: async () => undefined,
    onState: ({ state }) => {
      if (state === "connected") connected.resolve();
    },
    onQr: ({ text }) => void control("/admin/mock-phone/scan-qr?phone=15550000001", { qr: text }),
    onEvidence: () => {},
    onInbound: () => {},
    stillOwner: async () => true,
    log: () => {},
  },
);

const never = new AbortController().signal;
const jidOf = (number: number): string => `${number}@s.whatsapp.net`;

async function send(jid: string, n: number): Promise<void> {
  const outcome = await device.send(
    {
      id: mintMessageId(randomBytes(9)),
      jid,
      content: { kind: "text", text: `hello number ${n}` },
    },
    never,
  );
  if (outcome.kind !== "acked") throw new Error(JSON.stringify(outcome));
}

async function measure(
  name: string,
  count: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  const before = { cpu: process.cpuUsage(), at: performance.now(), wrote: { ...wrote } };
  const { iqs } = await control<Stats>("/admin/stats");
  for (let n = 0; n < count; n++) {
    // A device sends one after the other.
    // oxlint-disable-next-line no-await-in-loop
    await work(n);
  }
  const { user, system } = process.cpuUsage(before.cpu);
  const per = (value: number): string => (value / count).toFixed(value / count < 10 ? 2 : 0);
  const asked = (await control<Stats>("/admin/stats")).iqs - iqs;
  process.stdout.write(
    `${name.padEnd(28)} ${per(user + system).padStart(6)} µs CPU (user ${per(user)})  ${per((performance.now() - before.at) * 1_000)} µs wall  ` +
      `${per(wrote.bytes - before.wrote.bytes)} B in ${per(wrote.records - before.wrote.records)} records and ` +
      `${per(wrote.writes - before.wrote.writes)} writes, ${per(asked)} queries\n`,
  );
}

device.connect();
await connected.promise;
const bytes = [...records.values()].reduce((sum, value) => sum + value.length, 0);
process.stdout.write(`at rest, paired: ${records.size} records, ${bytes} B\n`);
await send(jidOf(15_559_999_999), 0);
await measure("cold, checked", cold, async (n) => {
  const found = await device.checkRecipient(String(15_551_000_000 + n));
  if (found.kind !== "exists") throw new Error(found.kind);
  await send(found.jid, n);
});
await measure("cold, not checked", cold, (n) => send(jidOf(15_552_000_000 + n), n));
await measure("warm up", warm / 3, (n) => send(jidOf(15_551_000_000), n));
await measure("warm, one recipient", warm, (n) => send(jidOf(15_551_000_000), n));
await measure(`warm, ${cold} recipients`, warm, (n) => send(jidOf(15_551_000_000 + (n % cold)), n));
await device[Symbol.asyncDispose]();
const byType = Map.groupBy(records, ([name]) => name.replace(/:.*/, ""));
for (const [type, found] of byType) {
  const size = found.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  process.stdout.write(
    `${type}: ${found.length} records of ${Math.round(size / found.length)} B, names included\n`,
  );
}
server.disconnect();
