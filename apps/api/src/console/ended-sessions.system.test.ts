import { SCOPES } from "@pombo/contract";
import { expect, test } from "vitest";
import { setup } from "../events-fixture.ts";
import { listenToEvents } from "../listen-to-events.ts";
import type { TestApi } from "../open-test-api.ts";
import { openBrowser, pageHeaders, signIn } from "./browser.test-bed.ts";

/** A key of the API's own making, so that it is revoked as keys are. */
async function keyOf(api: TestApi) {
  const body = { name: "short", scopes: SCOPES, devices: "*" };
  const made = (await api.call("POST", "/v1/api-keys", { body })).body;
  return { id: String(made["id"]), key: String(made["key"]) };
}

/** A stream of the browser that signed in. */
function stream(api: TestApi, cookie: string) {
  return listenToEvents(`${api.url}/v1/events`, { ...pageHeaders(api, "GET"), cookie });
}

const endings: readonly (readonly [
  string,
  (api: TestApi, given: { id: string; cookie: string }) => Promise<unknown>,
])[] = [
  ["its key is revoked", (api, { id }) => api.call("DELETE", `/v1/api-keys/${id}`)],
  [
    "another process signs it out",
    (api) => api.redis.keys("*:session:*").then((names) => api.redis.del(names)),
  ],
  [
    "somebody signs out",
    (api, { cookie }) =>
      api.call("DELETE", "/console/session", {
        key: null,
        headers: { ...pageHeaders(api, "DELETE"), cookie },
      }),
  ],
];

test.each(endings)("a stream of the console ends within a second when %s", async (_, end) => {
  const { api } = await setup();
  const { id, key } = await keyOf(api);
  const { cookie } = await openBrowser(api, key);
  const open = await stream(api, cookie);
  await end(api, { id, cookie });
  const began = performance.now();
  await open.until((events) => events.some(({ event }) => event === "ended"));
  expect(performance.now() - began).toBeLessThan(1_000);
  open.close();
});

test("a stream of the console ends with the time of its session", async () => {
  const { api } = await setup({ console_session_ms: 1_500 });
  const { key } = await keyOf(api);
  const { cookie } = await openBrowser(api, key);
  const began = performance.now();
  const open = await stream(api, cookie);
  await open.until((events) => events.some(({ event }) => event === "ended"));
  expect(performance.now() - began).toBeLessThan(2_500);
  open.close();
  expect((await signIn(api, key)).status).toBe(200);
});
