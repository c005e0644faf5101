import { dialectOf, type Route, ROUTES, type Scope, SCOPES } from "@pombo/contract";
import type { ApiKeyRecord } from "@pombo/ledger";
import { openSimulator, type Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Granted, grantedRequest, hasSubject } from "./authorization-subjects.ts";
import { digestStore } from "./digest-store.ts";
import { type Called, openTestApi, type TestApi } from "./open-test-api.ts";
import { openSandbox } from "./sandbox/open-sandbox.ts";

let api: TestApi;
let simulator: Simulator;

beforeAll(async () => {
  simulator = await openSimulator({ limits: { codeGraceMs: 1 } });
  const sandbox = openSandbox(simulator.controlUrl);
  const settings = { device_request_wait_ms: 1, lease_ttl_ms: 600_000 };
  api = await openTestApi(settings, undefined, { sandbox });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

const guarded = Object.entries<Route>(ROUTES)
  .filter(([, { auth }]) => auth !== "public")
  .map(([name, row]) => ({ name, row }));

/** The scopes that open a route. */
function openedBy({ auth }: Route): readonly Scope[] {
  return SCOPES.filter((scope) => auth === "key" || scope === auth);
}

async function ask({ row, path, body }: Granted, key: string | null): Promise<Called> {
  return api.call(row.method, path, body === undefined ? { key } : { key, body });
}

interface Cell {
  readonly says: string;
  readonly key: string | null;
  readonly status: number;
  readonly code: string;
}

const ELSEWHERE = ["dev_other0000"] as const;
const ENDED = Date.now() - 1;

/** Every way in which a key does not open a route: the key itself, its scopes, its devices. */
function deniedCells({ row, device }: Granted): readonly Cell[] {
  const right: Partial<ApiKeyRecord> = { scopes: SCOPES, devices: [device] };
  const cell = (says: string, key: string | null, [status, code]: readonly [number, string]) => ({
    says,
    key,
    status,
    code,
  });
  const invalid = [401, "INVALID_API_KEY"] as const;
  const keys = [
    cell("no key", null, [401, "UNAUTHORIZED"]),
    cell("an unknown key", "pombo_c0_0123456789abcdef", invalid),
    cell("a malformed key", "hunter2", invalid),
    cell("a revoked key", api.addKey({ ...right, revokedAt: ENDED }), invalid),
    cell("an expired key", api.addKey({ ...right, expiresAt: ENDED }), invalid),
  ];
  if (row.auth === "key") return keys;
  const closed = SCOPES.filter((scope) => !openedBy(row).includes(scope));
  const forbidden = [403, "FORBIDDEN"] as const;
  return [
    ...keys,
    cell("a key without scopes", api.addKey({ devices: "*" }), forbidden),
    cell("every scope but its own", api.addKey({ ...right, scopes: closed }), forbidden),
    ...closed.map((scope) =>
      cell(`${scope} alone`, api.addKey({ ...right, scopes: [scope] }), forbidden),
    ),
  ];
}

test.each(guarded)("$name: what is not granted is refused and changes nothing", async (route) => {
  const request = await grantedRequest(api, route.name, route.row);
  const before = await digestStore(api.redis);
  for (const { says, key, status, code } of deniedCells(request)) {
    // oxlint-disable-next-line no-await-in-loop -- one cell after the other
    const answer = await ask(request, key);
    const body =
      dialectOf(request.path) === "session"
        ? { error: { code, status } }
        : { success: false, error_code: code };
    expect(answer, `${says}: ${answer.text}`).toMatchObject({ status, body });
  }
  expect(await digestStore(api.redis)).toEqual(before);
});

/** Erasing a person, and what is seen in the sandbox, concern all devices: a key for some is refused. */
function isAboutAll({ path }: Route): boolean {
  return path.startsWith("/v1/sandbox/") || path.startsWith("/v1/contacts/:");
}

/** Routes outside of the native paths that are about no one device. */
const UNBOUND = ["wutsCreateDevice", "wutsListDevices", "getMetrics"];

/** Keys of `/v1/api-keys/:id` reach further than one device; operations are those of one key. */
const aboutOne = guarded.filter(
  ({ name, row }) =>
    (hasSubject(row) && !isAboutAll(row)) ||
    ["sendMessage", "createBatch", "previewBatch", "createApiKey"].includes(name) ||
    (dialectOf(row.path) !== "native" && !UNBOUND.includes(name)),
);

test.each(aboutOne)("$name: a key for other devices finds nothing", async ({ name, row }) => {
  const request = await grantedRequest(api, name, row);
  const before = await digestStore(api.redis);
  const foreign = { scopes: SCOPES, devices: ELSEWHERE };
  for (const grant of [foreign, { ...foreign, deviceId: request.device as never }]) {
    // oxlint-disable-next-line no-await-in-loop
    const answer = await ask(request, api.addKey(grant));
    // A session has no other device to name: without its own it has none.
    const unbound = dialectOf(row.path) === "session" && !("deviceId" in grant);
    expect(answer, answer.text).toMatchObject({ status: unbound ? 403 : 404 });
    expect(answer.text).toMatch(/"(?:error|error_code)":/);
    expect(answer.text).not.toContain("hello");
  }
  expect(await digestStore(api.redis)).toEqual(before);
});

test.each(guarded)("$name: its own scope alone is enough", async ({ name, row }) => {
  const request = await grantedRequest(api, name, row);
  const scopes = row.auth === "key" ? [] : openedBy(row);
  // A key grants no scope that it lacks, so the route that makes keys needs the granted one as well.
  const more: readonly Scope[] = name === "createApiKey" ? ["messages:read"] : [];
  const bound = dialectOf(row.path) === "session" ? { deviceId: request.device as never } : {};
  const answer = await ask(request, api.addKey({ scopes: [...scopes, ...more], ...bound }));
  expect([401, 403, 404, 405], answer.text).not.toContain(answer.status);
});

test.each(aboutOne)("$name: a key for its device gets there", async ({ name, row }) => {
  const request = await grantedRequest(api, name, row);
  // These two are about what no single device owns.
  if (/\/(?:operations|api-keys)\/:id/.test(row.path)) return;
  const bound = { scopes: SCOPES, devices: [request.device], deviceId: request.device as never };
  const answer = await ask(request, api.addKey(bound));
  expect([401, 403, 404, 405], answer.text).not.toContain(answer.status);
});

const aboutAll = guarded.filter(({ row }) => isAboutAll(row));

test.each(aboutAll)("$name: not for a key of certain devices", async ({ name, row }) => {
  const request = await grantedRequest(api, name, row);
  const before = await digestStore(api.redis);
  const key = api.addKey({ scopes: SCOPES, devices: [request.device] });
  const answer = await ask(request, key);
  expect(answer).toMatchObject({ status: 403, body: { error_code: "FORBIDDEN" } });
  expect(await digestStore(api.redis)).toEqual(before);
});

test("what is listed ends at the devices of the key", async () => {
  const mine = await grantedRequest(api, "getLetter", ROUTES.getLetter);
  const other = await grantedRequest(api, "getLetter", ROUTES.getLetter);
  const key = api.addKey({ scopes: SCOPES, devices: [mine.device] });
  for (const path of ["/v1/devices", "/v1/dead-letters", "/v1/dead-letters/groups"]) {
    // oxlint-disable-next-line no-await-in-loop
    const { text } = await api.call("GET", path, { key });
    expect(text, path).toContain(mine.device);
    expect(text, path).not.toContain(other.device);
  }
  const ids = [mine, other].map(({ path }) => path.split("/").at(-1));
  const polled = await api.call("POST", "/v1/messages/status", { key, body: { ids } });
  expect(polled.body["messages"]).toMatchObject([{ message_id: ids[0] }, null]);
});

test("a revocation holds for the next request", async () => {
  const record = { scopes: SCOPES, id: "key_to_revoke" } as const;
  const key = api.addKey(record);
  expect((await api.call("GET", "/v1/limits", { key })).status).toBe(200);
  api.changeKey(key, { revokedAt: Date.now() });
  expect((await api.call("GET", "/v1/limits", { key })).body).toMatchObject({
    error_code: "INVALID_API_KEY",
  });
});

test("what is wrong is told in one order: key, address, scope, type, size, body, device", async () => {
  const device = await api.addDevice();
  const big = "x".repeat(9_000_000);
  const plain = { "content-type": "text/plain" };
  const weak = api.addKey({ scopes: ["messages:read"] });
  const foreign = api.addKey({ scopes: SCOPES, devices: ELSEWHERE });
  const good = { from: device, to: "5511999999999", text: "hello" };
  const ladder: [string, string, object, number][] = [
    ["PUT", "/v1/nothing", { key: null, headers: plain, body: big }, 401],
    ["PUT", "/v1/nothing", { key: weak, headers: plain, body: big }, 404],
    ["PUT", "/v1/messages", { key: weak, headers: plain, body: big }, 405],
    ["POST", "/v1/messages", { key: weak, headers: plain, body: big }, 403],
    ["POST", "/v1/messages", { key: foreign, headers: plain, body: big }, 415],
    ["POST", "/v1/messages", { key: foreign, body: big }, 413],
    ["POST", "/v1/messages", { key: foreign, body: { ...good, text: "" } }, 400],
    ["POST", "/v1/messages", { key: foreign, body: good }, 404],
    ["POST", "/v1/messages", { key: api.addKey({ scopes: SCOPES }), body: good }, 202],
  ];
  for (const [method, path, init, status] of ladder) {
    // oxlint-disable-next-line no-await-in-loop
    expect((await api.call(method, path, init)).status, `${method} ${path}`).toBe(status);
  }
});
