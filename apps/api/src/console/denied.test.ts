import { type Route, ROUTES, SCOPES } from "@pombo/contract";
import { openSimulator, type Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Granted, grantedRequest } from "../authorization-subjects.ts";
import { digestStore } from "../digest-store.ts";
import { ADMIN, type Called, openTestApi, type TestApi } from "../open-test-api.ts";
import { openSandbox } from "../sandbox/open-sandbox.ts";
import { pageHeaders, sessionCookie } from "./browser.test-bed.ts";

let api: TestApi;
let simulator: Simulator;

beforeAll(async () => {
  simulator = await openSimulator({ limits: { codeGraceMs: 1 } });
  const sandbox = openSandbox(simulator.controlUrl);
  const settings = { device_request_wait_ms: 1, lease_ttl_ms: 600_000, sync_wait_ms: 1 };
  api = await openTestApi(settings, undefined, { sandbox });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

const guarded = Object.entries<Route>(ROUTES)
  .filter(([, { auth }]) => auth !== "public")
  .map(([name, row]) => ({ name, row }));
const native = guarded.filter(({ row }) => row.path.startsWith("/v1/"));
const others = guarded.filter(({ row }) => !row.path.startsWith("/v1/"));

type Headers = Readonly<Record<string, string>>;

function ask({ row, path, body }: Granted, headers: Headers): Promise<Called> {
  return api.call(row.method, path, {
    key: null,
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

/** Every way in which a browser's request does not stand for the key that signed in. */
async function deniedCells(method: string): Promise<readonly (readonly [string, Headers])[]> {
  const page: Headers = pageHeaders(api, method);
  const cookie = await sessionCookie(api, ADMIN);
  const { "x-pombo-console": own = "", "sec-fetch-site": site = "", ...bare } = page;
  const { origin: _, ...nowhere } = page;
  const revoked = api.addKey({ scopes: SCOPES });
  const ended = api.addKey({ scopes: SCOPES });
  const [ofRevoked, ofEnded] = [await sessionCookie(api, revoked), await sessionCookie(api, ended)];
  api.changeKey(revoked, { revokedAt: Date.now() });
  api.changeKey(ended, { expiresAt: Date.now() - 1 });
  const changes = method !== "GET";
  return [
    ["no session", page],
    ["an unknown one", { ...page, cookie: `pombo_console=${"A".repeat(43)}` }],
    ["a malformed one", { ...page, cookie: "pombo_console=../x" }],
    ["an expired one", { ...page, cookie: await sessionCookie(api, ADMIN, Date.now() - 1) }],
    ["one of a revoked key", { ...page, cookie: ofRevoked }],
    ["one of an expired key", { ...page, cookie: ofEnded }],
    ["a forged Origin", { ...page, cookie, origin: "https://evil.example" }],
    ["another port's Origin", { ...page, cookie, origin: "http://127.0.0.1:1" }],
    ["an opaque Origin", { ...page, cookie, origin: "null" }],
    ["a page of another site", { ...page, cookie, "sec-fetch-site": "cross-site" }],
    ["a page of a sibling site", { ...page, cookie, "sec-fetch-site": "same-site" }],
    ["a typed address", { ...page, cookie, "sec-fetch-site": "none" }],
    ["neither header", { ...bare, cookie }],
    ["another value of the header", { ...bare, "x-pombo-console": `${own}0`, cookie }],
    ...(changes ? [["no Origin", { ...nowhere, "sec-fetch-site": site, cookie }] as const] : []),
  ];
}

const EVERYWHERE = /no session|expired one|forged|another site|neither/;

test.each(native)("$name: nothing but a page of ours, signed in, gets there", async (route) => {
  const request = await grantedRequest(api, route.name, route.row);
  const all = await deniedCells(route.row.method);
  // What is decided before any route is looked at need not be tried at each of them.
  const thorough = ["sendMessage", "listDevices"].includes(route.name);
  const cells = thorough ? all : all.filter(([says]) => EVERYWHERE.test(says));
  const weak = await sessionCookie(api, api.addKey({ scopes: [], devices: "*" }));
  const before = await digestStore(api.redis);
  for (const [says, headers] of cells) {
    // oxlint-disable-next-line no-await-in-loop -- one cell after the other
    const answer = await ask(request, headers);
    expect(answer, `${says}: ${answer.text}`).toMatchObject({
      status: 401,
      body: { success: false },
    });
  }
  const page = pageHeaders(api, route.row.method);
  if (route.row.auth !== "key")
    expect((await ask(request, { ...page, cookie: weak })).status).toBe(403);
  expect(await digestStore(api.redis)).toEqual(before);
  const right = await ask(request, { ...page, cookie: await sessionCookie(api, ADMIN) });
  expect([401, 403, 404, 405], right.text).not.toContain(right.status);
});

test.each(others)("$name: a cookie is no key outside of /v1", async ({ name, row }) => {
  const request = await grantedRequest(api, name, row);
  const cookie = await sessionCookie(api, ADMIN);
  const before = await digestStore(api.redis);
  expect((await ask(request, { ...pageHeaders(api, row.method), cookie })).status).toBe(401);
  expect(await digestStore(api.redis)).toEqual(before);
});

test("pictures and downloads need no header of ours", async () => {
  const cookie = await sessionCookie(api, ADMIN);
  const headers = { cookie, "sec-fetch-site": "same-origin" };
  const answer = await api.call("GET", "/v1/devices", { key: null, headers });
  expect(answer.status).toBe(200);
});

test("a page of elsewhere neither signs in, nor out, nor learns who is signed in", async () => {
  for (const [says, headers] of await deniedCells("POST")) {
    const without = { key: null, headers };
    // oxlint-disable-next-line no-await-in-loop
    const told = await api.call("GET", "/console/session", without);
    if (says !== "no Origin") expect(told.status, says).toBe(401);
    if (!/Origin|page|typed|header/.test(says)) continue;
    // oxlint-disable-next-line no-await-in-loop
    const signedIn = await api.call("POST", "/console/session", {
      ...without,
      body: { key: ADMIN },
    });
    expect(signedIn.status, says).toBe(403);
    expect(signedIn.headers.get("set-cookie")).toBeNull();
    // oxlint-disable-next-line no-await-in-loop
    expect((await api.call("DELETE", "/console/session", without)).status, says).toBe(401);
    const { cookie = "" } = headers;
    const still = { key: null, headers: { ...pageHeaders(api, "GET"), cookie } };
    // oxlint-disable-next-line no-await-in-loop
    expect((await api.call("GET", "/console/session", still)).status, says).toBe(200);
  }
});
