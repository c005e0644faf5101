import { expect, test } from "vitest";
import { followLog, type LogEntry } from "./chaos/follow-log.ts";
import { eventually } from "./eventually.ts";
import { lookIntoRedis } from "./look-into-redis.ts";
import { pairDevices } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

const SPREAD_MS = 1_500;
const env = {
  ...QUICK,
  POMBO_LEASE_TTL_MS: "3000",
  POMBO_LEASE_MARGIN_MS: "500",
  POMBO_LEASE_RENEW_MS: "500",
  POMBO_CUT_OFF_SPREAD_MS: String(SPREAD_MS),
};

test("a worker that is cut off from Redis for longer than its leases cuts its sockets one by one, and they come back the same way", async () => {
  await using pombo = await Pombo.start({ env, args: ["--no-restart"] });
  await using view = await lookIntoRedis(pombo);
  const devices = await pairDevices(pombo, 5);
  const logins = async (): Promise<readonly LogEntry[]> =>
    pombo.control<LogEntry[]>("GET", "/admin/log?after=0");
  const closed = async (): Promise<number> =>
    (await logins()).filter(({ kind }) => kind === "close").length;
  const before = await closed();
  const log = await followLog(pombo);
  process.kill(pombo.ready.pids.redis, "SIGSTOP");
  try {
    await eventually(closed, (count) => count >= before + devices.length + 1, 60_000);
  } finally {
    process.kill(pombo.ready.pids.redis, "SIGCONT");
  }
  const sent = await Promise.all(
    devices.map(async ({ id }, index) => {
      const to = `55119400${String(index).padStart(5, "0")}`;
      const answer = await eventually(
        () =>
          pombo.api<{ message_id: string }>("POST", "/v1/messages", { from: id, to, text: "x" }),
        ({ status }) => status === 202,
        60_000,
      );
      return answer.body.message_id;
    }),
  );
  for (const id of sent)
    // oxlint-disable-next-line no-await-in-loop -- in their order
    expect((await pombo.until(id, ({ status }) => status === "read", 60_000)).attempts).toBe(1);
  const entries = await log.stop();
  expect(entries.filter(({ reason }) => reason === "replaced")).toEqual([]);
  const times = entries.filter(({ kind }) => kind === "close").map(({ at }) => Date.parse(at));
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(SPREAD_MS / 10);
  const types = (await view.eventsOf(devices[0]?.id ?? "")).map(({ type }) => type);
  expect(types.indexOf("device.disconnected")).toBeLessThan(types.lastIndexOf("device.connected"));
});
