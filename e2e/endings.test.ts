import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { lookIntoRedis, type RedisView } from "./look-into-redis.ts";
import { startOutside } from "./outside-process.ts";
import { type PairedDevice, pairDevice, scanQr } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

let stack: AsyncDisposableStack;
let pombo: Pombo;
let view: RedisView;
let next = 0;
const someone = () => `55119300${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  pombo = stack.use(await Pombo.start({ env: QUICK, args: ["--no-restart"] }));
  view = stack.use(await lookIntoRedis(pombo));
});
afterAll(() => stack.disposeAsync());

const freshDevice = (): Promise<PairedDevice> =>
  pairDevice(pombo, `5541900${String((next += 1)).padStart(6, "0")}`);

/** The device that nothing happens to goes on, on the same worker. */
async function expectOthersUnharmed(): Promise<void> {
  const id = await pombo.send(someone(), "unharmed");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read", attempts: 1 });
  expect((await pombo.living()).worker).toEqual(pombo.ready.pids.worker);
}

async function logins(phone: string): Promise<number> {
  const log = await pombo.control<{ kind: string; device?: string }[]>("GET", "/admin/log?after=0");
  return log.filter(
    ({ kind, device }) =>
      ["login", "login_failed"].includes(kind) && device?.startsWith(phone) === true,
  ).length;
}

/** Makes WhatsApp refuse the device's next login for a reason, and cuts its socket. */
async function refuseLogin({ phone }: PairedDevice, reason: number): Promise<void> {
  const match = { device: phone };
  await pombo.fault("login", { failure: reason }, { match });
  await pombo.fault("socket", "close", { match });
}

const REFUSED = [
  { reason: 402, state: "blocked", code: "ACCOUNT_BLOCKED" },
  { reason: 403, state: "blocked", code: "ACCOUNT_BLOCKED" },
  { reason: 406, state: "blocked", code: "ACCOUNT_BLOCKED" },
  { reason: 405, state: "disconnected", code: "UPSTREAM_FAILED" },
  { reason: 409, state: "disconnected", code: "UPSTREAM_FAILED" },
  { reason: 411, state: "disconnected", code: "UPSTREAM_FAILED" },
] as const;

test.each(REFUSED)(
  "login refused with $reason: $state until the user connects, with its event; paired as before",
  async ({ reason, state, code }) => {
    const device = await freshDevice();
    const before = await logins(device.phone);
    await refuseLogin(device, reason);
    await eventually(
      () => pombo.device(device.id),
      (seen) => seen.state === state,
    );
    const events = await view.eventsOf(device.id);
    expect(events.at(-1)).toMatchObject({ type: `device.${state}`, code });
    const waiting = await pombo.send(someone(), "patience", { from: device.id });
    await pombo.until(waiting, ({ blocked_by: why }) => why === "device_offline");
    await expectOthersUnharmed();
    expect(await logins(device.phone)).toBe(before + 1); // it was not tried again
    await pombo.api("POST", `/v1/devices/${device.id}/connect`);
    expect(await pombo.until(waiting, settled)).toMatchObject({ status: "read", attempts: 1 });
  },
);

const PASSING = [
  { reason: "503", action: { stream_error: { code: 503 } } },
  { reason: "515", action: { stream_error: { code: 515 } } },
  { reason: "428, the socket closed", action: "close" },
  { reason: "440, replaced once", action: "replaced" },
] as const;

test.each(PASSING)("$reason: connecting, and connected again by itself", async ({ action }) => {
  const device = await freshDevice();
  await pombo.fault("socket", action, { match: { device: device.phone } });
  await eventually(
    async () => (await view.eventsOf(device.id)).map(({ type }) => type),
    (types) => types.at(-1) === "device.connected" && types.at(-2) === "device.connecting",
  );
  const id = await pombo.send(someone(), "afterwards", { from: device.id });
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  await expectOthersUnharmed();
});

test("429: connecting, a long rest that the user may end", async () => {
  const device = await freshDevice();
  const before = await logins(device.phone);
  await refuseLogin(device, 429);
  await eventually(
    async () => (await view.eventsOf(device.id)).at(-1),
    (event) => event?.type === "device.connecting" && event.code === "THROTTLED",
  );
  await expectOthersUnharmed();
  expect(await logins(device.phone)).toBe(before + 1);
  await pombo.api("POST", `/v1/devices/${device.id}/disconnect`);
  await pombo.api("POST", `/v1/devices/${device.id}/connect`);
  const id = await pombo.send(someone(), "after the rest", { from: device.id });
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
});

test.each(["unlinked on the phone", "login refused with 401"])(
  "%s: logged out, the credentials are gone, the messages wait for a pairing",
  async (how) => {
    const device = await freshDevice();
    if (how.startsWith("unlinked"))
      await pombo.fault("socket", "unlink", { match: { device: device.phone } });
    else await refuseLogin(device, 401);
    await eventually(
      () => pombo.device(device.id),
      ({ state }) => state === "logged_out",
    );
    expect((await view.eventsOf(device.id)).at(-1)?.type).toBe("device.logged_out");
    await eventually(
      () => view.redis.exists(view.keys.credentials(device.id)),
      (there) => there === 0,
    );
    const waiting = await pombo.send(someone(), "patience", { from: device.id });
    await pombo.until(waiting, ({ blocked_by: why }) => why === "device_offline");
    await expectOthersUnharmed();
  },
);

test("Redis is full: requests are refused for now, nothing is sent twice, and all flows again by itself", async () => {
  const to = someone();
  const before = await Promise.all(
    Array.from({ length: 20 }, (_, index) => pombo.send(to, `before ${index}`)),
  );
  await view.redis.config("SET", "maxmemory", "1mb");
  const refused = await eventually(
    () =>
      pombo.api<{ error_code: string }>("POST", "/v1/messages", {
        from: pombo.ready.device_id,
        to,
        text: "no room",
      }),
    ({ status }) => status === 503,
  );
  expect(refused.body.error_code).toBe("SERVICE_UNAVAILABLE");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  await view.redis.config("SET", "maxmemory", "0");
  for (const id of before)
    // oxlint-disable-next-line no-await-in-loop -- in their order
    expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  const shown = await pombo.phoneMessages(to);
  const accepted = shown.filter(({ text }) => text.startsWith("before"));
  expect(accepted.map(({ id }) => id).toSorted()).toEqual(before.toSorted());
  await eventually(
    () => pombo.api("POST", "/v1/messages", { from: pombo.ready.device_id, to, text: "room" }),
    ({ status }) => status === 202,
  );
  await expectOthersUnharmed();
});

test("one device's credentials vanish from Redis: it can be paired again, the others are unharmed", async () => {
  const device = await freshDevice();
  await view.redis.del(view.keys.credentials(device.id));
  for (const pid of (await pombo.living()).worker) process.kill(pid, "SIGKILL");
  await using _worker = await startOutside(pombo, "worker");
  await eventually(
    async () => (await view.eventsOf(device.id)).at(-1)?.type,
    (type) => type === "device.pairing",
  );
  expect(await pombo.device(device.id)).toMatchObject({ cause: "credentials_missing" });
  const id = await pombo.send(someone(), "unharmed");
  expect(await pombo.until(id, settled)).toMatchObject({ status: "read" });
  const waiting = await pombo.send(someone(), "patience", { from: device.id });
  await scanQr(pombo, device);
  expect(await pombo.until(waiting, settled)).toMatchObject({ status: "read" });
});

test("a worker with another encryption key: clear state, nothing erased; with the right one all goes on", async () => {
  const waiting = await pombo.send(someone(), "patience");
  {
    const key = `other:${randomBytes(32).toString("base64")}`;
    await using stranger = await startOutside(pombo, "worker", { POMBO_CREDENTIALS_KEY: key });
    const device = await eventually(
      () => pombo.device(pombo.ready.device_id),
      ({ cause }) => cause === "credentials_unreadable",
    );
    expect(device).toMatchObject({ state: "disconnected" });
    const events = await view.eventsOf(pombo.ready.device_id);
    expect(events.at(-1)).toMatchObject({
      type: "device.disconnected",
      code: "CREDENTIALS_UNREADABLE",
    });
    expect(await pombo.message(waiting)).toMatchObject({ blocked_by: "device_offline" });
    stranger.kill("SIGTERM");
    expect(await stranger.ended).toBe(0);
  }
  await using _worker = await startOutside(pombo, "worker");
  expect(await pombo.until(waiting, settled)).toMatchObject({ status: "read", attempts: 1 });
});

// The last one: Redis does not come back here.
test("a worker that is told to end while Redis is away ends all the same", async () => {
  await using worker = await startOutside(pombo, "worker", { POMBO_SHUTDOWN_MS: "2000" });
  await pombo.until(await pombo.send(someone(), "it runs"), settled);
  const { redis } = await pombo.living();
  process.kill(redis, "SIGKILL");
  worker.kill("SIGTERM");
  expect(await worker.ended).toBe(1);
});
