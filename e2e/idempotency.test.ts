import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { png } from "./media-host.ts";
import { Pombo, QUICK } from "./pombo.ts";

const CLIENTS = 50;

test("one key from 50 clients at once on 3 API processes, one of them killed in the middle: one message", async () => {
  await using pombo = await Pombo.start({ env: QUICK, args: ["--apis", "3"] });
  const urls = pombo.ready.api_urls;
  expect(urls).toHaveLength(3);
  const to = "5511940000001";
  const body = { from: pombo.ready.device_id, to, text: "exactly once" };
  const post = (url: string, text: string) =>
    fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${pombo.ready.api_key}`,
        "content-type": "application/json",
        "idempotency-key": "order-1234",
      },
      body: JSON.stringify({ ...body, text }),
    });
  let answered = 0;
  const victim = pombo.ready.pids.api.at(-1) ?? 0;

  /** As a client does: goes to the next process when one is gone, and asks again while the key is in progress. */
  async function insist(client: number): Promise<string> {
    for (let tries = 0; tries < 500; tries += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        const response = await post(urls[(client + tries) % urls.length] ?? "", body.text);
        // oxlint-disable-next-line no-await-in-loop
        const answer = (await response.json()) as { message_id: string; error_code?: string };
        if ((answered += 1) === 5) process.kill(victim, "SIGKILL");
        if (response.status === 202) return answer.message_id;
        expect(answer.error_code).toBe("IDEMPOTENCY_KEY_IN_PROGRESS");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    }
    throw new Error("never answered");
  }

  const ids = await Promise.all(Array.from({ length: CLIENTS }, (_, client) => insist(client)));
  expect(new Set(ids).size).toBe(1);
  const [id = ""] = ids;
  await pombo.until(id, ({ status }) => status === "read");
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, text: body.text, copies: 1 }]);
  const other = await post(urls[0] ?? "", "something else");
  expect(other.status).toBe(409);
  expect(await other.json()).toMatchObject({ error_code: "IDEMPOTENCY_KEY_REUSED" });
});

test("pictures, edits, deletions and texts that are waited for, under keys of any kind, two of 3 API processes killed in the middle: each is there once", async () => {
  await using pombo = await Pombo.start({ env: QUICK, args: ["--apis", "3"] });
  const urls = pombo.ready.api_urls;
  const from = pombo.ready.device_id;
  const numbers = ["5511940000011", "5511940000012", "5511940000013", "5511940000014"] as const;
  const [pictured, edited, deleted, waited] = numbers;
  const targets = await Promise.all([pombo.send(edited, "helo"), pombo.send(deleted, "gone")]);
  await Promise.all(targets.map((id) => pombo.until(id, ({ status }) => status === "read")));
  const image = { base64: png(200).toString("base64"), caption: "once \u{1F54A}" };
  const requests = [
    { method: "POST", path: "/v1/messages", body: { from, to: pictured, image }, key: "!" },
    {
      method: "PATCH",
      path: `/v1/messages/${targets[0]}`,
      body: { text: "hello" },
      key: "~".repeat(255),
    },
    { method: "DELETE", path: `/v1/messages/${targets[1]}`, body: undefined, key: '"{a}:b|*' },
    // Its clients wait for the ack.
    {
      method: "POST",
      path: "/send/text",
      body: { device_id: from, number: waited, text: "wait" },
      key: "!",
    },
  ] as const;
  const victims = pombo.ready.pids.api.slice(1);
  let answered = 0;

  async function insist(client: number, request: (typeof requests)[number]): Promise<string> {
    const { method, path, body, key } = request;
    for (let tries = 0; tries < 500; tries += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        const response = await fetch((urls[(client + tries) % urls.length] ?? "") + path, {
          method,
          headers: {
            authorization: `Bearer ${pombo.ready.api_key}`,
            "idempotency-key": key,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        // oxlint-disable-next-line no-await-in-loop
        const answer = (await response.json()) as { message_id: string; error_code?: string };
        if ([4, 20].includes((answered += 1))) process.kill(victims.pop() ?? 0, "SIGKILL");
        if (response.ok) return answer.message_id;
        expect(["IDEMPOTENCY_KEY_IN_PROGRESS", "SERVICE_UNAVAILABLE"]).toContain(answer.error_code);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      // oxlint-disable-next-line no-await-in-loop
      await pause(20);
    }
    throw new Error("never answered");
  }

  const ids = await Promise.all(
    requests.map((request) =>
      Promise.all(Array.from({ length: 20 }, (_, client) => insist(client, request))),
    ),
  );
  expect(victims).toEqual([]);
  expect(ids.map((same) => new Set(same).size)).toEqual([1, 1, 1, 1]);
  const [picture = "", edit = "", deletion = "", text = ""] = ids.map(([id]) => id);
  const done = ({ status }: { status: string }) => ["sent", "delivered", "read"].includes(status);
  for (const id of [picture, edit, deletion, text])
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.until(id, done)).toMatchObject({ attempts: 1 });
  const shown = () => Promise.all(numbers.map((number) => pombo.phoneMessages(number)));
  expect(await shown()).toMatchObject([
    [{ id: picture, copies: 1 }],
    [
      { id: targets[0], text: "hello" },
      { id: edit, target: targets[0], copies: 1 },
    ],
    [
      { id: targets[1], revoked_by: deletion },
      { id: deletion, target: targets[1], copies: 1 },
    ],
    [{ id: text, copies: 1 }],
  ]);
});
