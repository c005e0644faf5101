import { MESSAGE_STATUSES } from "@pombo/domain";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { type OutsideProcess, startOutside } from "./outside-process.ts";
import { Pombo, QUICK } from "./pombo.ts";

interface Batch {
  readonly batch_id: string;
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
}

const left = ({ counts }: Batch): number =>
  ["sent", "delivered", "read", "played"].reduce((sum, name) => sum + (counts[name] ?? 0), 0);

let pombo: Pombo;
let next = 0;

/** The supervisor's own worker is gone: each test brings those that it needs. */
beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK, args: ["--no-restart"] });
  for (const pid of pombo.ready.pids.worker) process.kill(pid, "SIGKILL");
});
afterAll(() => pombo[Symbol.asyncDispose]());
beforeEach(() => pombo.control("DELETE", "/admin/faults"));

/** Recipients that no other test writes to. */
function people(count: number): readonly string[] {
  return Array.from({ length: count }, () => `55119400${String((next += 1)).padStart(5, "0")}`);
}

async function upload(
  to: readonly string[],
  count: number,
  over: Record<string, unknown> = {},
): Promise<Batch> {
  const rows = Array.from({ length: count }, (_, at) => ({
    to: to[at % to.length] ?? "",
    n: String(at + 1),
  }));
  const { status, body } = await pombo.api<Batch & { accepted: number }>("POST", "/v1/batches", {
    from: pombo.ready.device_id,
    template: "row {{n}}",
    ...over,
    rows,
  });
  expect({ status, accepted: body.accepted }).toEqual({ status: 202, accepted: count });
  return look(body.batch_id);
}

/** The batch as it is; accepted is the sum of its statuses, whenever one looks. */
async function look(id: string): Promise<Batch> {
  const { body } = await pombo.api<Batch>("GET", `/v1/batches/${id}`);
  expect(MESSAGE_STATUSES.reduce((sum, name) => sum + (body.counts[name] ?? 0), 0)).toBe(
    body.counts["accepted"],
  );
  return body;
}

const until = (id: string, wanted: (batch: Batch) => boolean): Promise<Batch> =>
  eventually(() => look(id), wanted, 30_000);

/** What the phones have, in the order in which it came: numbers of rows. */
async function arrived(to: readonly string[]): Promise<readonly (readonly number[])[]> {
  const phones = await Promise.all(to.map((number) => pombo.phoneMessages(number)));
  return phones.map((messages) => messages.map(({ text }) => Number(text.slice("row ".length))));
}

/** Every row once, to its phone, in its order. */
async function expectAll(to: readonly string[], count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const wanted = to.map((_, index) => numbers.filter((row) => (row - 1) % to.length === index));
  expect(await arrived(to)).toEqual(wanted);
}

const started: OutsideProcess[] = [];
async function worker(env: Readonly<Record<string, string>> = {}): Promise<OutsideProcess> {
  const process = await startOutside(pombo, "worker", env);
  started.push(process);
  return process;
}
afterEach(async () => {
  for (const process of started.splice(0))
    // oxlint-disable-next-line no-await-in-loop -- few
    await process[Symbol.asyncDispose]();
});

test("workers die while a batch is sent: every row arrives once, in its order, and the counts are true all the while", async () => {
  const to = people(7);
  const { batch_id: id } = await upload(to, 60);
  for (const point of ["drawn", "drawn:2", "fed:5", "begun:9", "sent:7", "settled:11"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const dying = await worker({ POMBO_FAULT_POINT: point });
    // oxlint-disable-next-line no-await-in-loop
    expect(await dying.ended).toBe("SIGKILL");
    // oxlint-disable-next-line no-await-in-loop
    await look(id);
  }
  await worker();
  const done = await until(id, ({ status }) => status === "completed");
  expect(left(done)).toBe(60);
  await expectAll(to, 60);
}, 90_000);

test("a pause stops all that is not in hand, a resumed batch loses nothing, a canceled one ends at once", async () => {
  const to = people(10);
  const running = await worker();
  const { batch_id: id } = await upload(to, 400);
  await until(id, (batch) => left(batch) > 20);
  expect((await pombo.api("POST", `/v1/batches/${id}/pause`)).status).toBe(200);
  const quiet = await until(id, ({ counts }) => counts["sending"] === 0 && counts["unknown"] === 0);
  expect(quiet.status).toBe("paused");
  // A worker that comes meanwhile finds it as it is.
  running.kill("SIGKILL");
  await running.ended;
  await worker();
  await pombo.until(
    await pombo.send(people(1)[0] ?? "", "others go on"),
    ({ status }) => status === "read",
  );
  expect(left(await look(id))).toBe(left(quiet));
  const first = await pombo.api<{ messages: { message_id: string }[] }>(
    "GET",
    `/v1/batches/${id}/messages?status=queued&limit=500`,
  );
  const [waiting] = first.body.messages;
  expect(await pombo.message(waiting?.message_id ?? "")).toMatchObject({
    status: "queued",
    blocked_by: "batch_paused",
  });

  await pombo.api("POST", `/v1/batches/${id}/resume`);
  await until(id, (batch) => left(batch) > left(quiet) + 20);
  await pombo.api("POST", `/v1/batches/${id}/cancel`);
  const canceled = await until(
    id,
    ({ counts }) => counts["sending"] === 0 && counts["queued"] === 0,
  );
  expect(canceled).toMatchObject({
    status: "canceled",
    counts: { canceled: 400 - left(canceled), accepted: 400 },
  });
  const numbers = (await arrived(to)).flat();
  expect(numbers.length).toBe(left(canceled));
  expect(new Set(numbers).size).toBe(numbers.length);
}, 90_000);

test("a second batch has its turn beside a large one, and a one-time password overtakes both", async () => {
  const large = await upload(people(20), 5_000);
  const small = await upload(people(3), 30);
  const otp = await pombo.send(people(1)[0] ?? "", "123456", { priority: "otp" });
  await worker();
  await pombo.until(otp, ({ status }) => status === "read");
  expect(left(await look(large.batch_id))).toBeLessThan(200);
  await until(small.batch_id, ({ status }) => status === "completed");
  expect(left(await look(large.batch_id))).toBeLessThan(1_000);
  await pombo.api("POST", `/v1/batches/${large.batch_id}/cancel`);
}, 90_000);
