import { type Route, ROUTES, SCOPES } from "@pombo/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ device_request_wait_ms: 1 });
});
afterAll(() => api[Symbol.asyncDispose]());

const guarded = Object.entries<Route>(ROUTES)
  .filter(([, { auth }]) => auth !== "public")
  .map(([name, row]) => ({ name, row }));

/** Something of its own for each request: some of them end it. */
async function make(path: string): Promise<string> {
  if (path.startsWith("/v1/dead-letters")) return (await api.addLetter()).id;
  const device = await api.addDevice();
  if (path.startsWith("/v1/messages")) {
    const body = { from: device, to: "5511999999999", text: "hello" };
    return String((await api.call("POST", "/v1/messages", { body })).body["message_id"]);
  }
  if (!path.startsWith("/v1/operations")) return device;
  const begun = await api.call("POST", "/v1/dead-letters/discard", { body: { all: true } });
  return String(begun.body["operation_id"]);
}

async function ask({ method, path, body }: Route, key: string | null) {
  const init = body === undefined ? { key } : { key, body: {} };
  const id = path.includes(":id") ? await make(path) : "";
  return api.call(method, path.replace(":id", id), init);
}

test.each(guarded)("$name: no key is 401", async ({ row }) => {
  expect(await ask(row, null)).toMatchObject({ status: 401, body: { error_code: "UNAUTHORIZED" } });
});

test.each(guarded)("$name: every scope but its own is 403", async ({ row }) => {
  if (row.auth === "key") return;
  const key = api.addKey({ scopes: SCOPES.filter((scope) => scope !== row.auth) });
  expect(await ask(row, key)).toMatchObject({ status: 403, body: { error_code: "FORBIDDEN" } });
});

test.each(guarded)("$name: its own scope alone is enough", async ({ row }) => {
  const scopes = SCOPES.filter((scope) => scope === row.auth);
  const { status } = await ask(row, api.addKey({ scopes }));
  expect([401, 403, 404, 405]).not.toContain(status);
});

test.each(guarded.filter(({ row }) => row.path.includes(":id")))(
  "$name: a key for other devices finds nothing",
  async ({ row }) => {
    const key = api.addKey({ scopes: SCOPES, devices: ["dev_other0000"] });
    // A body that is refused is refused before its device is looked for.
    const readable = row.body === undefined || row.body.safeParse({}).success;
    expect((await ask(row, key)).status).toBe(readable ? 404 : 400);
  },
);

test("a revocation holds for the next request", async () => {
  const record = { scopes: SCOPES, id: "key_to_revoke" } as const;
  const key = api.addKey(record);
  expect((await api.call("GET", "/v1/limits", { key })).status).toBe(200);
  api.changeKey(key, { revokedAt: Date.now() });
  expect((await api.call("GET", "/v1/limits", { key })).body).toMatchObject({
    error_code: "INVALID_API_KEY",
  });
});
