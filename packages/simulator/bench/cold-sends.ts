import { spawn } from "node:child_process";
import { pnJid } from "../src/jid.ts";
import type { Stats } from "../src/control.ts";
import { pairedClient, type TestServer } from "../src/test-client.ts";

/**
 * What 1,000 first messages cost: the client's CPU beside the simulator's, each in its own process.
 * Run: node packages/simulator/bench/cold-sends.ts [count [simulator options]]
 */
const count = Number(process.argv[2] ?? 1_000);
const program = new URL("../../../apps/simulator/src/main.ts", import.meta.url).pathname;
const server = spawn(process.execPath, [program, ...process.argv.slice(3)], {
  stdio: ["ignore", "ignore", "inherit", "ipc"],
});
const ready = await new Promise<{
  simulator_url: string;
  control_url: string;
  root_key: string;
  ca: string;
}>((resolve) => {
  server.once("message", (message) => resolve(message as never));
});

const control = async <T>(path: string, body?: unknown): Promise<T> => {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  return (await (await fetch(`${ready.control_url}${path}`, init)).json()) as T;
};
const remote: TestServer = {
  wsUrl: ready.simulator_url,
  rootKey: ready.root_key,
  ca: ready.ca,
  enterCode: (phone, code) => control("/admin/mock-phone/enter-code", { phone, code }),
  scanQr: (qr, phone) => control(`/admin/mock-phone/scan-qr?phone=${phone}`, { qr }),
};

{
  await using client = await pairedClient(remote, "15550000001");
  // The own device list and phone are warm after one message.
  await client.send(pnJid("15559999999"), "warm up", "3EB0WARM");
  const before = {
    client: process.cpuUsage(),
    server: await control<Stats>("/admin/stats"),
    at: performance.now(),
  };
  for (let n = 0; n < count; n++) {
    // eslint-disable-next-line no-await-in-loop -- a device sends one after the other
    await client.send(pnJid(String(15_551_000_000 + n)), `hello ${n}`, `3EB0C${n}`);
  }
  const used = process.cpuUsage(before.client);
  const clientMs = (used.user + used.system) / 1_000;
  const serverMs = (await control<Stats>("/admin/stats")).cpu_ms - before.server.cpu_ms;
  const per = (ms: number): string => `${(ms / count).toFixed(2)} ms`;
  process.stdout.write(
    `${count} cold sends in ${Math.round(performance.now() - before.at)} ms: ` +
      `client ${per(clientMs)}, server ${per(serverMs)} CPU each (server/client ${(serverMs / clientMs).toFixed(2)})\n`,
  );
}
server.disconnect();
