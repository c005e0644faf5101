import { afterAll, beforeAll, expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";
import { openWebhookReceiver } from "./webhook-receiver.ts";

let pombo: Pombo;

beforeAll(async () => {
  pombo = await Pombo.start({
    env: {
      ...QUICK,
      POMBO_WEBHOOK_LOCK_MS: "1000",
      POMBO_WEBHOOK_REPAIR_MS: "500",
      POMBO_WEBHOOK_TIMEOUT_MS: "2000",
      POMBO_WEBHOOK_BACKOFF_BASE_MS: "100",
      POMBO_WEBHOOK_CIRCUIT_MS: "300",
    },
  });
});
afterAll(() => pombo[Symbol.asyncDispose]());

const WITHIN = { timeout: 60_000, interval: 100 };

interface Page {
  readonly events: readonly { readonly type: string; readonly data: { readonly cursor: string } }[];
  readonly next: string;
}

/** The cursors of all events of messages behind a cursor, from the log itself. */
async function logged(after: string): Promise<string[]> {
  const cursors: string[] = [];
  for (let from = after; ;) {
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const { body } = await pombo.api<Page>("GET", `/v1/events?after=${from}&limit=1000`);
    if (body.events.length === 0) return cursors;
    const ours = body.events.filter(({ type }) => type.startsWith("message."));
    cursors.push(...ours.map(({ data }) => data.cursor));
    from = body.next;
  }
}

async function subscribe() {
  const receiver = await openWebhookReceiver();
  const { body } = await pombo.api<{ webhook_id: string; secret: string; cursor: string }>(
    "POST",
    "/v1/webhooks",
    { url: receiver.url, events: ["message.*", "webhook.test"] },
  );
  receiver.trust(body.secret);
  return { receiver, ...body };
}

test("the notifier is killed ten times: every event of every message arrives, signed, and repeats only under the same id", async () => {
  const { receiver, cursor } = await subscribe();
  await using _ = receiver;
  const ids: string[] = [];
  for (let kill = 0; kill < 10; kill += 1) {
    const [pid = 0] = (await pombo.living()).notifier;
    const before = receiver.heard.length;
    for (let number = 0; number < 8; number += 1)
      ids.push(await pombo.send(`55119500${String(ids.length).padStart(5, "0")}`, "under way"));
    await expect.poll(() => receiver.heard.length, WITHIN).toBeGreaterThan(before);
    process.kill(pid, "SIGKILL");
    await expect
      .poll(async () => (await pombo.living()).notifier, WITHIN)
      .toEqual([expect.not.closeTo(pid, 0)]);
  }
  for (const id of ids) await pombo.until(id, ({ status }) => status === "read", 60_000);
  const expected = (await logged(cursor)).toSorted();
  const arrived = () => new Set(receiver.heard.map(({ data }) => data.cursor));
  await expect.poll(() => arrived().size, WITHIN).toBe(expected.length);
  expect([...arrived()].toSorted()).toEqual(expected);
  const pairs = new Set(receiver.heard.map(({ id, data }) => `${id} ${data.cursor}`));
  expect(pairs.size).toBe(expected.length);
  // The version puts the events of a message in order, whatever order they came in.
  for (const id of ids) {
    const own = new Map(
      receiver.heard
        .filter(({ data }) => data.message_id === id)
        .map(({ data }) => [data.status_version, data.status]),
    );
    const statuses = [...own].toSorted(([a], [b]) => a - b).map(([, status]) => status);
    expect(statuses[0]).toBe("queued");
    expect(statuses.at(-1)).toBe("read");
  }
}, 300_000);

test("a webhook that is gone is disabled, shown, and gets what it missed when it is resumed", async () => {
  const { receiver, webhook_id: webhook } = await subscribe();
  await using _ = receiver;
  const path = `/v1/webhooks/${webhook}`;
  receiver.answer(410);
  const id = await pombo.send("5511960000001", "hello");
  await pombo.until(id, ({ status }) => status === "read");
  await expect
    .poll(async () => (await pombo.api("GET", path)).body, WITHIN)
    .toMatchObject({ state: "disabled", reason: "gone" });
  receiver.answer(204);
  expect((await pombo.api("POST", `${path}/resume`)).body).toMatchObject({ state: "enabled" });
  const heard = () =>
    new Set(
      receiver.heard
        .filter(({ data }) => data.message_id === id)
        .map(({ data }) => data.status_version),
    ).size;
  const { status_version: last } = await pombo.message(id);
  await expect.poll(heard, WITHIN).toBe(last);
  await expect
    .poll(async () => (await pombo.api("GET", path)).body["deliveries"], WITHIN)
    .toEqual({ open: 0, retrying: 0, parked: 0 });
});

test("a test and a repeat come when they are asked for, and a replaced secret signs on", async () => {
  const { receiver, webhook_id: webhook } = await subscribe();
  await using _ = receiver;
  const path = `/v1/webhooks/${webhook}`;
  await pombo.api("POST", `${path}/rotate-secret`);
  const begun = await pombo.api<{ delivery_id: string }>("POST", `${path}/test`);
  const { delivery_id: delivery } = begun.body;
  await expect.poll(() => receiver.heard.map(({ id }) => id), WITHIN).toEqual([delivery]);
  expect(receiver.heard[0]).toMatchObject({ type: "webhook.test" });
  const id = await pombo.send("5511960000002", "hello");
  const { status_version: last } = await pombo.until(id, ({ status }) => status === "read");
  await expect.poll(() => receiver.heard.length, WITHIN).toBe(1 + last);
  const again = receiver.heard[1]?.id ?? "";
  const repeat = { delivery_id: again };
  expect((await pombo.api("POST", `${path}/redeliver`, repeat)).status).toBe(202);
  await expect.poll(() => receiver.heard.filter((one) => one.id === again).length, WITHIN).toBe(2);
  await expect
    .poll(async () => (await pombo.api("GET", `${path}/deliveries`)).body["deliveries"], WITHIN)
    .toContainEqual(
      expect.objectContaining({ delivery_id: again, state: "delivered", http_status: 204 }),
    );
});
