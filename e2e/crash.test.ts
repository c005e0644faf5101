import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { type OutsideProcess, startOutside } from "./outside-process.ts";
import { pairDevices } from "./pair-devices.ts";
import { type Message, Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
/** A recipient that no other test writes to. */
const someone = () => `55119200${String((next += 1)).padStart(5, "0")}`;
const seen = ({ timeline }: Message) => timeline.map(({ status }) => status);

/** The supervisor's own worker is gone: each test brings those that it needs. */
beforeAll(async () => {
  const env = { ...QUICK, POMBO_IDEMPOTENCY_CLAIM_MS: "1000" };
  pombo = await Pombo.start({ env, args: ["--no-restart"] });
  for (const pid of pombo.ready.pids.worker) process.kill(pid, "SIGKILL");
});
afterAll(() => pombo[Symbol.asyncDispose]());
beforeEach(() => pombo.control("DELETE", "/admin/faults"));

function workerThatDiesAt(point: string): Promise<OutsideProcess> {
  return startOutside(pombo, "worker", { POMBO_FAULT_POINT: point });
}

/**
 * What the next process may find after a death at each point. The ack is written as it comes, so a death right after it finds the
 * message before or after that. An attempt was under way exactly when it is found `sending`.
 */
const DEATHS = [
  { point: "lease_taken", left: ["queued"] },
  { point: "taken_over", left: ["queued"] },
  { point: "fed", left: ["queued"] },
  { point: "job_added", left: ["queued"] },
  { point: "fetched", left: ["queued"] },
  { point: "begun", left: ["sending"] },
  { point: "sent", left: ["sending", "sent"] },
  { point: "settled", left: ["sent"] },
  { point: "finished", left: ["sent"] },
];

test.each(DEATHS)(
  "the worker dies at $point: found $left, read in the end, one message on the phone",
  async ({ point, left }) => {
    const to = someone();
    // The receipts of what was relayed come after the death, and where it is sent again, after that.
    const delivered = point === "sent" ? 5_000 : 1_000;
    const delays = { delivered, read: delivered + 200 };
    await pombo.control("POST", `/admin/phones/${to}/settings`, { delays });
    const id = await pombo.send(to, point);
    await using dying = await workerThatDiesAt(point);
    expect(await dying.ended).toBe("SIGKILL");
    const found = await pombo.message(id);
    expect(left).toContain(found.status);
    const underWay = found.status === "sending";

    await using _next = await startOutside(pombo, "worker");
    const message = await pombo.until(id, ({ status }) => status === "read");
    // Where the receipts were quicker than the next process, they prove that nothing has to be sent again.
    const proved = point === "sent" && message.attempts === 1;
    expect(message.attempts).toBe(underWay && !proved ? 2 : 1);
    const unknown = seen(message).filter((status) => status === "unknown");
    expect(unknown.length).toBeLessThanOrEqual(underWay ? 1 : 0);
    if (message.attempts === 2) expect(unknown).toHaveLength(1);
    const copies = point === "sent" ? message.attempts : 1;
    expect(await pombo.phoneMessages(to)).toMatchObject([{ id, text: point, copies }]);
  },
);

test("the worker dies at released: another start of it goes on at once", async () => {
  const to = someone();
  await using dying = await workerThatDiesAt("released");
  const first = await pombo.send(to, "before the end");
  await pombo.until(first, ({ status }) => status === "read");
  dying.kill("SIGTERM");
  expect(await dying.ended).toBe("SIGKILL");
  const second = await pombo.send(to, "after the end");
  await using _next = await startOutside(pombo, "worker");
  const message = await pombo.until(second, ({ status }) => status === "read");
  expect(message.attempts).toBe(1);
  expect(seen(message)).not.toContain("unknown");
});

test("acked, and the ack is lost with the worker: the receipts settle it, nothing is sent twice", async () => {
  const to = someone();
  const id = await pombo.send(to, "evidence waits at the server");
  await using dying = await workerThatDiesAt("sent");
  expect(await dying.ended).toBe("SIGKILL");
  await using _next = await startOutside(pombo, "worker", { POMBO_RECONCILE_GRACE_MS: "5000" });
  const message = await pombo.until(id, ({ status }) => status === "read");
  expect(message.attempts).toBe(1);
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, copies: 1 }]);
});

test("a message that ends its worker three times, the last time alone, is poisoned; the one behind it is spared", async () => {
  const to = someone();
  const id = await pombo.send(to, "poison");
  for (const _death of [1, 2, 3]) {
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    await using dying = await workerThatDiesAt("begun");
    // oxlint-disable-next-line no-await-in-loop
    expect(await dying.ended).toBe("SIGKILL");
  }
  const behind = await pombo.send(to, "innocent");
  await using _next = await startOutside(pombo, "worker");
  expect(await pombo.until(id, ({ status }) => status === "failed")).toMatchObject({
    last_error: { error_code: "POISONED" },
  });
  expect(await pombo.until(behind, ({ status }) => status === "read")).toMatchObject({
    attempts: 1,
  });
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id: behind, copies: 1 }]);
});

test("what many devices had in hand at two deaths of their worker goes one after the other, and all of it arrives", async () => {
  const pairing = await startOutside(pombo, "worker");
  const devices = await pairDevices(pombo, 5);
  await pairing[Symbol.asyncDispose]();
  const whom = devices.map(({ id }) => ({ from: id, to: someone() }));
  const silent = { delivery_receipts: false, read_receipts: false };
  for (const { to } of whom)
    // oxlint-disable-next-line no-await-in-loop -- the simulator is one process
    await pombo.control("POST", `/admin/phones/${to}/settings`, silent);
  // So slow that all of them are under way at once.
  await pombo.fault("message", { delay_ms: 15_000 }, { times: 1_000 });
  const ids = await Promise.all(whom.map(({ from, to }) => pombo.send(to, "slow", { from })));
  const env = { POMBO_ACK_WAIT_MS: "20000" };
  for (const deaths of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one life after the other
    await using dying = await startOutside(pombo, "worker", env);
    for (const id of ids)
      // oxlint-disable-next-line no-await-in-loop
      await pombo.until(id, ({ status, attempts }) => status === "sending" && attempts === deaths);
    dying.kill("SIGKILL");
    // oxlint-disable-next-line no-await-in-loop
    await dying.ended;
  }
  // Still so slow that the others wait for the first one.
  await pombo.control("DELETE", "/admin/faults");
  await pombo.fault("message", { delay_ms: 1_500 }, { times: 1_000 });
  await using _next = await startOutside(pombo, "worker", env);
  for (const [index, id] of ids.entries()) {
    // oxlint-disable-next-line no-await-in-loop
    expect((await pombo.until(id, ({ status }) => status === "sent")).attempts).toBe(3);
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.phoneMessages(whom[index]?.to ?? "")).toMatchObject([{ id }]);
  }
});

const POINTS = ["accepted", "lane_added", "answered"] as const;

describe("an API dies beside a worker that lives", () => {
  let worker: OutsideProcess;
  beforeAll(async () => {
    worker = await startOutside(pombo, "worker");
  });
  afterAll(() => worker[Symbol.asyncDispose]());

  /** Both ways into the lane: through the backlog, and by the acceptance itself to a recipient with a living conversation. */
  test.each(POINTS.flatMap((point) => [true, false].map((warm) => ({ point, warm }))))(
    "the API dies at $point (warm: $warm): the client's retry has the same message, sent once",
    async ({ point, warm }) => {
      const to = someone();
      if (warm) {
        const letter = { to: pombo.ready.phone, text: "hello" };
        await pombo.control("POST", `/admin/phones/${to}/messages`, letter);
        const first = await pombo.send(to, "hello back");
        await pombo.until(first, ({ status }) => status === "read");
      }
      await using dying = await startOutside(pombo, "api", { POMBO_API_FAULT_POINT: point });
      const post = (url: string) =>
        fetch(`${url}/v1/messages`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${pombo.ready.api_key}`,
            "content-type": "application/json",
            "idempotency-key": `${point}-${warm}`,
          },
          body: JSON.stringify({ from: pombo.ready.device_id, to, text: point }),
        });
      await expect(post(dying.url)).rejects.toThrow("fetch failed");
      expect(await dying.ended).toBe("SIGKILL");
      // The claim of the dead belongs to it for a while.
      const answer = await eventually(
        async () => {
          const response = await post(pombo.ready.api_url);
          return {
            status: response.status,
            body: (await response.json()) as { message_id: string },
          };
        },
        ({ status }) => status === 202,
      );
      const message = await pombo.until(answer.body.message_id, ({ status }) => status === "read");
      expect(message.attempts).toBe(1);
      const shown = (await pombo.phoneMessages(to)).filter(({ text }) => text === point);
      expect(shown).toMatchObject([{ id: answer.body.message_id, copies: 1 }]);
    },
  );
});
