import {
  CONSOLE_ROUTES,
  type DescribedRoute,
  dialectOf,
  type Route,
  ROUTES,
  SCOPES,
} from "@pombo/contract";
import { type Conformance, openConformance } from "@pombo/testbed";
import { openSimulator, type Simulator } from "@pombo/simulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Granted, grantedRequest } from "./authorization-subjects.ts";
import { pageHeaders, sessionCookie } from "./console/browser.test-bed.ts";
import { ADMIN, type Called, type CallInit, openTestApi, type TestApi } from "./open-test-api.ts";
import { openSandbox } from "./sandbox/open-sandbox.ts";

let api: TestApi;
let simulator: Simulator;
let conformance: Conformance;

beforeAll(async () => {
  simulator = await openSimulator({ limits: { codeGraceMs: 1 } });
  const sandbox = openSandbox(simulator.controlUrl);
  const settings = { device_request_wait_ms: 1, lease_ttl_ms: 600_000, sync_wait_ms: 1 };
  api = await openTestApi(settings, undefined, { sandbox });
  conformance = openConformance((await api.call("GET", "/openapi.json", { key: null })).body);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

const rows = Object.entries<Route>(ROUTES).map(([name, row]) => ({ name, row }));
const PROBLEM = { accept: "application/problem+json" };

/** Requests of every kind: right, and wrong in every way that a row can be asked wrongly. */
function requestsOf({
  row,
  path,
  body,
  device,
}: Granted): readonly (readonly [string, CallInit])[] {
  const bound = dialectOf(row.path) === "session" ? { deviceId: device as never } : {};
  const key = api.addKey({ scopes: SCOPES, devices: "*", ...bound });
  const right = { key, ...(body === undefined ? {} : { body }) };
  const elsewhere = path.replace(
    /(?<=\/)(?:dev_|bat_|3EB0|wh_|key_|op_|med_|pool_)[^/?]+/,
    "nothing-0",
  );
  const taken = row.body ?? row.takesRows;
  const bodies = taken === undefined ? [] : ["{", "[]", "{}", '{"surplus":1,"text":7}', "\u0000"];
  return [
    [path, { ...right, key: null }],
    [path, { ...right, key: "hunter2" }],
    [path, { ...right, key: null, headers: PROBLEM }],
    [path, { ...right, key: api.addKey({ scopes: [], ...bound }) }],
    [elsewhere, right],
    [`${path}${path.includes("?") ? "&" : "?"}surplus=1`, right],
    [path, { ...right, headers: { "idempotency-key": "has spaces" } }],
    ...bodies.map((text) => [path, { key, body: text }] as const),
    ...(taken === undefined
      ? []
      : [[path, { key, body: "x", headers: { "content-type": "text/plain" } }] as const]),
    [path, right],
  ];
}

function faultsOf(row: DescribedRoute, { status, headers, text }: Called): readonly string[] {
  const operation = { method: row.method, path: row.path.replaceAll(/:([a-z_]+)/g, "{$1}") };
  const type = headers.get("content-type") ?? "";
  return [
    ...conformance.faultsOf(operation, { status, type, text }),
    ...missingHeaders(row, headers),
  ];
}

/** Those that go with every answer of a key. */
function missingHeaders(row: DescribedRoute, headers: Headers): readonly string[] {
  const keyed = row.auth !== "public" && row.auth !== "session";
  const limited = keyed && !headers.has("www-authenticate");
  const wanted = ["x-request-id", ...(limited ? ["ratelimit", "ratelimit-policy"] : [])];
  return wanted.filter((name) => !headers.has(name)).map((name) => `${name} is missing`);
}

test.each(rows)("$name: every answer is as the document describes it", async ({ name, row }) => {
  const granted = await grantedRequest(api, name, row);
  const statuses: number[] = [];
  for (const [path, init] of requestsOf(granted)) {
    // oxlint-disable-next-line no-await-in-loop -- the last one may change what the others ask for
    const answer = await api.call(row.method, path, init);
    statuses.push(answer.status);
    expect(faultsOf(row, answer), `${path} ${JSON.stringify(init)}`).toEqual([]);
  }
  if (row.auth !== "public") expect(statuses).toContain(401);
});

const SESSION = "/console/session";

async function checkSession(row: DescribedRoute, requests: readonly CallInit[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const init of requests) {
    // oxlint-disable-next-line no-await-in-loop -- one session after the other
    const answer = await api.call(row.method, SESSION, { key: null, ...init });
    statuses.push(answer.status);
    expect(faultsOf(row, answer), JSON.stringify(init)).toEqual([]);
  }
  return statuses;
}

test("signing in is answered as the document describes it", async () => {
  const headers = pageHeaders(api, "POST");
  const plain = { ...headers, "content-type": "text/plain" };
  const bodies = [{ key: ADMIN }, { key: "hunter2" }, { key: 7 }, "{", "[]", "x".repeat(9_000)];
  const requests = [
    ...bodies.map((body) => ({ headers, body })),
    { headers: { ...headers, ...PROBLEM }, body: { key: "hunter2" } },
    { headers: plain, body: "x" },
    { headers: { ...headers, origin: "https://elsewhere.example" }, body: { key: ADMIN } },
    ...Array.from({ length: 20 }, () => ({ headers, body: { key: "hunter2" } })),
  ];
  const statuses = await checkSession(CONSOLE_ROUTES.consoleSignIn, requests);
  expect(statuses.slice(0, 9)).toEqual([200, 401, 400, 400, 400, 413, 401, 415, 403]);
  expect(statuses.at(-1)).toBe(429);
});

test("who is signed in, and signing out, are answered as the document describes them", async () => {
  const [key, revoked] = [api.addKey({ scopes: SCOPES }), api.addKey({ scopes: SCOPES })];
  const cookies = [await sessionCookie(api, key), await sessionCookie(api, revoked)];
  api.changeKey(revoked, { revokedAt: Date.now() });
  const [right, ended] = cookies.map((cookie) => ({
    headers: { ...pageHeaders(api, "DELETE"), cookie },
  }));
  const nobody = { headers: pageHeaders(api, "DELETE") };
  const plain = { headers: { ...PROBLEM } };
  const requests = [right, ended, nobody, plain, {}].map((init) => init ?? {});
  const { consoleWho, consoleSignOut } = CONSOLE_ROUTES;
  expect(await checkSession(consoleWho, requests)).toEqual([200, 401, 401, 401, 401]);
  expect(await checkSession(consoleSignOut, requests)).toEqual([204, 204, 204, 401, 401]);
});

test("what differs from the document is found", async () => {
  const answer = await api.call("GET", "/v1/devices");
  const listed = ROUTES.listDevices;
  expect(faultsOf(listed, answer)).toEqual([]);
  const odd = JSON.stringify({ ...answer.body, surplus: 1 });
  expect(faultsOf(listed, { ...answer, text: odd })).not.toEqual([]);
  const cut = JSON.stringify({ ...answer.body, devices: [{}] });
  expect(faultsOf(listed, { ...answer, text: cut })).toContain(
    "/devices/0 must have required property 'device_id'",
  );
  expect(faultsOf(listed, { ...answer, status: 218 })).toEqual(["218 is not described"]);
  const bare = { ...answer, headers: new Headers({ "content-type": "application/json" }) };
  expect(faultsOf(listed, bare)).toContain("ratelimit is missing");
});
