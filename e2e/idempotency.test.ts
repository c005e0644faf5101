import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { png } from "./media-host.ts";
import { Pombo, QUICK } from "./pombo.ts";

const CLIENTS = 50;
const APIS = 3;

let pombo: Pombo;

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK, args: ["--apis", String(APIS)] });
});
afterAll(() => pombo[Symbol.asyncDispose]());

const killed = new Set<number>();

function kill(pid: number): void {
  killed.add(pid);
  process.kill(pid, "SIGKILL");
}

/** All of them: who was killed before is back. */
async function apiPids(): Promise<readonly number[]> {
  const { api } = await eventually(
    () => pombo.living(),
    (living) => living.api.length === APIS && !living.api.some((pid) => killed.has(pid)),
  );
  return api;
}

// What is tried once more has recipients and keys of its own.
let orders = 0;
let rounds = 0;

test("one key from 50 clients at once on 3 API processes, one of them killed in the middle: one message", async () => {
  const urls = pombo.ready.api_urls;
  expect(urls).toHaveLength(3);
  orders += 1;
  const to = `551194000${orders}001`;
  const key = `order-${orders}234`;
  const body = { from: pombo.ready.device_id, to, text: "exactly once" };
  const post = (url: string, text: string) =>
    fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${pombo.ready.api_key}`,
        "content-type": "application/json",
        "idempotency-key": key,
      },
      body: JSON.stringify({ ...body, text }),
    });
  let answered = 0;
  const victim = (await apiPids()).at(-1) ?? 0;

  /** As a client does: goes to the next process when one is gone, and asks again while the key is in progress. */
  async function insist(client: number): Promise<string> {
    for (let tries = 0; tries < 500; tries += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        const response = await post(urls[(client + tries) % urls.length] ?? "", body.text);
        // oxlint-disable-next-line no-await-in-loop
        const answer = (await response.json()) as { message_id: string; error_code?: string };
        if ((answered += 1) === 5) kill(victim);
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
  const urls = pombo.ready.api_urls;
  const from = pombo.ready.device_id;
  rounds += 1;
  const phone = (last: number): string => `551194000${rounds}01${last}`;
  const numbers = [phone(1), phone(2), phone(3), phone(4)] as const;
  const [pictured, edited, deleted, waited] = numbers;
  const mark = "!$&*".charAt(rounds - 1);
  const targets = await Promise.all([pombo.send(edited, "helo"), pombo.send(deleted, "gone")]);
  await Promise.all(targets.map((id) => pombo.until(id, ({ status }) => status === "read")));
  const image = { base64: png(200).toString("base64"), caption: "once \u{1F54A}" };
  const requests = [
    { method: "POST", path: "/v1/messages", body: { from, to: pictured, image }, key: mark },
    {
      method: "PATCH",
      path: `/v1/messages/${targets[0]}`,
      body: { text: "hello" },
      key: mark.padEnd(255, "~"),
    },
    {
      method: "DELETE",
      path: `/v1/messages/${targets[1]}`,
      body: undefined,
      key: `"{a}:b|*${mark}`,
    },
    // Its clients wait for the ack.
    {
      method: "POST",
      path: "/send/text",
      body: { device_id: from, number: waited, text: "wait" },
      key: mark,
    },
  ] as const;
  const victims = (await apiPids()).slice(1);
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
        if ([4, 20].includes((answered += 1))) kill(victims.pop() ?? 0);
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
