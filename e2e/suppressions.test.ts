import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { lookIntoRedis, type RedisView } from "./look-into-redis.ts";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
/** A recipient that no other test writes to. */
const someone = () => `55119300${String((next += 1)).padStart(5, "0")}`;
const settled = ({ status }: { status: string }) => ["read", "failed"].includes(status);

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());

interface Told {
  readonly type: string;
  readonly data: { readonly to?: string; readonly reason?: string };
}

/** Writes to the sandbox device, and waits until the list has it. */
async function writeStop(from: string): Promise<Told | undefined> {
  const now = await pombo.api<{ next: string }>("GET", "/v1/events?after=now");
  const written = { to: pombo.ready.phone, text: " Sair " };
  await pombo.control("POST", `/admin/phones/${from}/messages`, written);
  const query = `after=${now.body.next}&type=suppression.added&wait=20`;
  const { body } = await pombo.api<{ events: readonly Told[] }>("GET", `/v1/events?${query}`);
  return body.events[0];
}

const lane = (what: "pause" | "resume") =>
  pombo.api("POST", `/v1/devices/${pombo.ready.device_id}/lane/${what}`);

test("who writes a keyword gets nothing more but one-time passwords, also of what waits already", async () => {
  const to = someone();
  await lane("pause");
  const waiting = await pombo.send(to, "an offer");
  const otp = await pombo.send(to, "123456", { priority: "otp" });
  expect(await writeStop(to)).toMatchObject({
    type: "suppression.added",
    data: { to, reason: "opt_out" },
  });
  await lane("resume");
  expect(await pombo.until(waiting, settled)).toMatchObject({
    status: "failed",
    attempts: 0,
    last_error: { error_code: "RECIPIENT_SUPPRESSED" },
  });
  expect(await pombo.until(otp, settled)).toMatchObject({ status: "read" });
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id: otp, text: "123456" }]);

  const message = { from: pombo.ready.device_id, to, text: "another offer" };
  const refused = await pombo.api("POST", "/v1/messages", message);
  expect(refused).toMatchObject({ status: 422, body: { error_code: "RECIPIENT_SUPPRESSED" } });

  await pombo.api("DELETE", `/v1/suppressions/${to}`);
  const again = await pombo.send(to, "welcome back");
  expect(await pombo.until(again, settled)).toMatchObject({ status: "read" });
});

test("a message that waits is stopped by hand, one-time passwords too; what is sent can be taken back", async () => {
  const to = someone();
  const sent = await pombo.send(to, "too early");
  await pombo.until(sent, settled);
  await lane("pause");
  const otp = await pombo.send(to, "123456", { priority: "otp" });
  await pombo.api("POST", "/v1/suppressions", { to, note: "asked by phone" });
  await lane("resume");
  expect(await pombo.until(otp, settled)).toMatchObject({
    status: "failed",
    last_error: { error_code: "RECIPIENT_SUPPRESSED" },
  });
  const takesBack = await pombo.api<{ message_id: string }>("DELETE", `/v1/messages/${sent}`);
  expect(takesBack.status).toBe(202);
  expect(await pombo.until(takesBack.body.message_id, settled)).toMatchObject({ status: "read" });
});

/** Names of keys that hold a text, in their names or values. */
async function keysWith(text: string): Promise<readonly string[]> {
  await using view = await lookIntoRedis(pombo);
  const { redis } = view;
  const found = [];
  for (const name of await redis.keys("*")) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const value = JSON.stringify(await valueOf(redis, name));
    if (`${name}${value}`.includes(text)) found.push(name.split(":")[2] ?? name);
  }
  return [...new Set(found)].toSorted();
}

async function valueOf(redis: RedisView["redis"], name: string): Promise<unknown> {
  switch (await redis.type(name)) {
    case "string":
      return redis.get(name);
    case "hash":
      return redis.hgetall(name);
    case "list":
      return redis.lrange(name, 0, -1);
    case "set":
      return redis.smembers(name);
    case "zset":
      return redis.zrange(name, "0", "-1");
    case "stream":
      return redis.xrange(name, "-", "+");
    default:
      return undefined;
  }
}

interface Operation {
  readonly kind: string;
  readonly state: string;
  readonly done: number;
  readonly failed: number;
}

const endOf = (id: string) =>
  eventually(
    async () => (await pombo.api<Operation>("GET", `/v1/operations/${id}`)).body,
    ({ state }) => state !== "running",
  );

test("a person is erased: messages, what she wrote, and every trace of the number; what waited is canceled", async () => {
  const to = someone();
  const key = { "idempotency-key": `erase-${to}` };
  const sent = await pombo.api<{ message_id: string }>(
    "POST",
    "/v1/messages",
    { from: pombo.ready.device_id, to, text: "dear Ana" },
    key,
  );
  await pombo.until(sent.body.message_id, settled);
  const written = { to: pombo.ready.phone, text: "Ana writes" };
  await pombo.control("POST", `/admin/phones/${to}/messages`, written);
  const waiting = await pombo.send(to, "dear Ana", {
    send_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const received = () => pombo.api("GET", "/v1/events?type=message.received&limit=1000");
  await eventually(received, ({ body }) => JSON.stringify(body).includes("Ana writes"));
  expect(await keysWith(to)).toContain("message");

  const erased = await pombo.api<{ operation_id: string }>("DELETE", `/v1/contacts/+${to}/data`);
  expect(erased.status).toBe(202);
  const end = await endOf(erased.body.operation_id);
  expect(end).toMatchObject({ kind: "erase", state: "done", failed: 0 });
  expect(end.done).toBeGreaterThan(0);

  expect((await pombo.api("GET", `/v1/messages/${sent.body.message_id}`)).status).toBe(404);
  expect(await pombo.message(waiting)).toMatchObject({ status: "canceled" });
  expect(JSON.stringify((await received()).body)).not.toContain("Ana writes");
  expect(await keysWith(to)).toEqual([]);
  expect(await keysWith("dear Ana")).toEqual([]);
  expect(await keysWith("Ana writes")).toEqual([]);

  // The next owner of the device has no session with her any more, and makes one.
  for (const pid of (await pombo.living()).worker) process.kill(pid, "SIGKILL");
  const again = await pombo.send(to, "a new beginning");
  expect(await pombo.until(again, settled, 40_000)).toMatchObject({ status: "read" });
  expect(await pombo.phoneMessages(to)).toContainEqual(
    expect.objectContaining({ id: again, text: "a new beginning" }),
  );
});

test("an erasure outlives the workers that do it", async () => {
  const to = someone();
  const ids = await Promise.all(
    Array.from({ length: 30 }, () =>
      pombo.send(to, "later", { send_at: new Date(Date.now() + 3_600_000).toISOString() }),
    ),
  );
  const erased = await pombo.api<{ operation_id: string }>("DELETE", `/v1/contacts/${to}/data`);
  for (const pid of (await pombo.living()).worker) process.kill(pid, "SIGKILL");
  expect(await endOf(erased.body.operation_id)).toMatchObject({ state: "done", failed: 0 });
  expect(await keysWith(to)).toEqual([]);
  for (const id of ids.slice(0, 3))
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.message(id)).toMatchObject({ status: "canceled" });
});

interface Counts {
  readonly accepted: number;
  readonly suppressed: number;
  readonly read: number;
  readonly failed: number;
  readonly canceled: number;
}

test("of a batch that waits, who is suppressed or erased meanwhile gets nothing, and the counts stay true", async () => {
  const [listed, ana, ben, carla] = [someone(), someone(), someone(), someone()];
  await pombo.api("POST", "/v1/suppressions", { to: listed });
  await lane("pause");
  const made = await pombo.api<{ batch_id: string }>("POST", "/v1/batches", {
    from: pombo.ready.device_id,
    template: { text: "Hello {{name}}" },
    rows: [listed, ana, ben, carla].map((to) => ({ to, name: `of ${to}` })),
  });
  expect(made, JSON.stringify(made.body)).toMatchObject({ status: 202, body: { accepted: 3 } });
  await pombo.api("POST", "/v1/suppressions", { to: ben });
  const erased = await pombo.api<{ operation_id: string }>("DELETE", `/v1/contacts/${ana}/data`);
  expect(await endOf(erased.body.operation_id)).toMatchObject({ state: "done", failed: 0 });
  expect(await keysWith(ana)).toEqual([]);
  await lane("resume");

  const path = `/v1/batches/${made.body.batch_id}`;
  const { body } = await eventually(
    () => pombo.api<{ readonly status: string; readonly counts: Counts }>("GET", path),
    ({ body: { status, counts } }) => status === "completed" && counts.read === 1,
  );
  expect(body.counts).toMatchObject({ accepted: 3, suppressed: 1, read: 1 });
  expect(body.counts.failed + body.counts.canceled).toBe(2);
  for (const to of [listed, ana, ben])
    // oxlint-disable-next-line no-await-in-loop
    expect(await phoneHas(to)).toEqual([]);
  expect(await phoneHas(carla)).toMatchObject([{ text: `Hello of ${carla}` }]);
  const rows = await pombo.api("GET", `${path}/messages`);
  expect(rows.status).toBe(200);
  expect(JSON.stringify(rows.body)).not.toContain(ana);
});

/** Nobody who never got anything is known to the simulator. */
const phoneHas = (to: string) => pombo.phoneMessages(to).catch(() => []);
