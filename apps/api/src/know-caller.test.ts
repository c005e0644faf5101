import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let from: string;

beforeEach(async () => {
  api = await openTestApi({ rate_limit_requests: 4, rate_limit_window_ms: 3_600_000 });
  from = await api.addDevice();
});
afterEach(() => api[Symbol.asyncDispose]());

const admin = ["messages:send", "keys:manage"];

/** A key that the process has seen: from now on it is looked up with the acceptance. */
async function knownKey(): Promise<{ key: string; id: string }> {
  const { body } = await api.call("POST", "/v1/api-keys", {
    body: { name: "k", scopes: admin, devices: "*" },
  });
  const made = { key: String(body["key"]), id: String(body["id"]) };
  expect((await send(made.key)).status).toBe(202);
  return made;
}

function send(key: string, over: object = {}) {
  return api.call("POST", "/v1/messages", {
    key,
    body: { from, to: "5511999999999", text: "hello", ...over },
  });
}

const accepted = async (): Promise<number> => (await api.redis.keys("*:message:*")).length;

test("a key that is known is refused from the moment it is revoked, whatever else the request is", async () => {
  const { key, id } = await knownKey();
  expect((await api.call("DELETE", `/v1/api-keys/${id}`)).status).toBeLessThan(300);
  const bodies = [{}, { to: "nobody" }, { from: "dev_absent" }, { image: { media_id: "no" } }];
  for (const over of bodies) {
    // oxlint-disable-next-line no-await-in-loop
    const { status, body } = await send(key, over);
    expect([status, body["error_code"]]).toEqual([401, "INVALID_API_KEY"]);
  }
  expect(await accepted()).toBe(1);
});

test("requests under a known key count once each, also those that are refused for their body", async () => {
  const { key } = await knownKey();
  const left = async (answer: ReturnType<typeof send>): Promise<string | null> =>
    ((await answer).headers.get("ratelimit") ?? "").replace(/;t=.*/, "");
  expect(await left(send(key))).toBe('"key";r=2');
  expect(await left(send(key, { to: "nobody" }))).toBe('"key";r=1');
  expect(await left(send(key))).toBe('"key";r=0');
  const { status, headers } = await send(key);
  expect([status, Number(headers.get("retry-after")) > 0]).toEqual([429, true]);
  expect((await send(key, { to: "nobody" })).status).toBe(429);
  expect(await accepted()).toBe(3);
});

test("a file that is sent under a known key counts once, whether it comes with the message or was kept before", async () => {
  const { key } = await knownKey();
  const left = async (document: object): Promise<string | undefined> => {
    const { status, headers } = await send(key, { text: undefined, document });
    expect(status).toBe(202);
    return headers.get("ratelimit")?.replace(/;t=.*/, "");
  };
  const base64 = Buffer.from("a file of words").toString("base64");
  expect(await left({ base64, file_name: "a.txt" })).toBe('"key";r=2');
  const file = { body: Buffer.from("more words"), headers: { "content-type": "text/plain" } };
  const kept = await api.call("POST", "/v1/media", file);
  expect(await left({ media_id: kept.body["media_id"] })).toBe('"key";r=1');
});

test("what comes in one turn is counted in turn, each key for itself", async () => {
  const keys = [await knownKey(), await knownKey()];
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => send(keys[index % 2]?.key ?? "")),
  );
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(6);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(6);
  expect(await accepted()).toBe(8);
});
