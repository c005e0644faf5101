import { type Scope, SCOPES } from "@pombo/contract";
import { onTestFinished, expect, test } from "vitest";
import { ADMIN, openTestApi } from "../open-test-api.ts";
import { openBrowser, pageHeaders, signIn } from "./browser.test-bed.ts";

async function setup(...given: Parameters<typeof openTestApi>) {
  const api = await openTestApi(...given);
  onTestFinished(() => api[Symbol.asyncDispose]());
  return api;
}

test("whoever signs in gets a cookie that no script reads, and is told what the key may do", async () => {
  const api = await setup();
  const scopes: readonly Scope[] = ["ops:read"];
  const key = api.addKey({ name: "night shift", scopes });
  const { status, headers, body } = await signIn(api, key);
  expect(status).toBe(200);
  const told = { name: "night shift", scopes, devices: "*", device_id: null, mode: "sandbox" };
  expect(body).toMatchObject({ success: true, ...told });
  expect(Date.parse(String(body["expires_at"])) - Date.parse(String(body["now"]))).toBe(43_200_000);
  const cookie = headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(
    /^pombo_console=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  );
  const browser = await openBrowser(api, key);
  expect((await browser.ask("GET", "/console/session")).body).toMatchObject(told);
  const kept = await Promise.all(
    (await api.redis.keys("*session*")).map((name) => api.redis.get(name)),
  );
  expect(kept.join()).not.toContain(browser.cookie.split("=")[1]);
  expect(JSON.stringify(api.lines)).not.toMatch(new RegExp(`${key}|${browser.cookie}`));
});

test("over HTTPS the cookie is for HTTPS alone", async () => {
  const api = await setup({}, undefined, { trustsProxy: true });
  const host = new URL(api.url).host;
  const named = await signIn(api, ADMIN, { origin: `https://${host}` });
  const forwarded = await signIn(api, ADMIN, { "x-forwarded-proto": "https" });
  for (const { status, headers } of [named, forwarded]) {
    expect(status).toBe(200);
    expect(headers.get("set-cookie")).toMatch(/; Secure$/);
  }
});

test("the cookie stands for the key, with its scopes, until sign-out", async () => {
  const api = await setup();
  const browser = await openBrowser(api, api.addKey({ scopes: ["ops:read"] }));
  expect((await browser.ask("GET", "/v1/overview")).status).toBe(200);
  const refused = await browser.ask("POST", "/v1/devices", { name: "one" });
  expect(refused).toMatchObject({ status: 403, body: { error_code: "FORBIDDEN" } });
  const out = await browser.ask("DELETE", "/console/session");
  expect(out.status).toBe(204);
  expect(out.headers.get("set-cookie")).toMatch(/^pombo_console=; Path=\/; Max-Age=0;/);
  expect((await browser.ask("GET", "/v1/overview")).status).toBe(401);
  expect((await browser.ask("GET", "/console/session")).status).toBe(401);
});

test("a key made in a session may outlive the session, and never the key", async () => {
  const api = await setup();
  const make = async (key: string) => {
    const browser = await openBrowser(api, key);
    const body = { name: "made", scopes: ["keys:manage"], devices: "*" };
    return browser.ask("POST", "/v1/api-keys", body);
  };
  expect((await make(ADMIN)).status).toBe(201);
  const ending = api.addKey({ scopes: ["keys:manage"], expiresAt: Date.now() + 3_600_000 });
  expect(await make(ending)).toMatchObject({ status: 403, body: { error_code: "FORBIDDEN" } });
});

test("a second sign-in ends the first session of the browser", async () => {
  const api = await setup();
  const first = await openBrowser(api, ADMIN);
  expect((await signIn(api, ADMIN, { cookie: first.cookie })).status).toBe(200);
  expect((await first.ask("GET", "/v1/devices")).status).toBe(401);
});

test("a session ends with its key and at its time", async () => {
  const api = await setup({ console_session_ms: 60_000 });
  const [revoked, ending] = [api.addKey({ scopes: SCOPES }), api.addKey({ scopes: SCOPES })];
  const browsers = [await openBrowser(api, revoked), await openBrowser(api, ending)];
  api.changeKey(revoked, { revokedAt: Date.now() });
  api.changeKey(ending, { expiresAt: Date.now() - 1 });
  for (const browser of browsers)
    // oxlint-disable-next-line no-await-in-loop
    expect((await browser.ask("GET", "/v1/devices")).status).toBe(401);
  const last = await openBrowser(api, ADMIN);
  const [name = ""] = await api.redis.keys(`*session:*`).then((names) => names.toSorted());
  expect(await api.redis.pttl(name)).toBeLessThanOrEqual(60_000);
  await api.redis.del(await api.redis.keys("*session:*"));
  expect((await last.ask("GET", "/v1/devices")).status).toBe(401);
});

test("an address whose sign-ins fail too often waits, whatever key it has then; others don't", async () => {
  const limits = { console_sign_in_failures: 3, console_sign_in_window_ms: 60_000 };
  const api = await setup(limits, undefined, { trustsProxy: true });
  const from = (address: string) => ({ "x-forwarded-for": `203.0.113.9, ${address}` });
  const wrong = "pombo_c0_0123456789abcdef";
  for (let index = 0; index < 5; index += 1)
    // oxlint-disable-next-line no-await-in-loop
    expect((await signIn(api, ADMIN, from("198.51.100.1"))).status).toBe(200);
  const tries = await Promise.all(
    Array.from({ length: 6 }, () => signIn(api, wrong, from("198.51.100.1"))),
  );
  for (const refused of [401, 429])
    expect(tries.filter(({ status }) => status === refused)).toHaveLength(3);
  const right = await signIn(api, ADMIN, from("198.51.100.1"));
  expect(right).toMatchObject({ status: 429, body: { error_code: "RATE_LIMITED" } });
  expect(Number(right.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await signIn(api, ADMIN, from("198.51.100.2"))).status).toBe(200);
});

test("without a trusted proxy the address is the connection's, whatever a header says", async () => {
  const api = await setup({ console_sign_in_failures: 1 });
  const statuses: number[] = [];
  for (const address of ["198.51.100.1", "198.51.100.2"])
    // oxlint-disable-next-line no-await-in-loop
    statuses.push((await signIn(api, "wrong", { "x-forwarded-for": address })).status);
  expect(statuses).toEqual([401, 429]);
});

test.each([
  ["no body", undefined],
  ["another shape", { key: 7 }],
  ["more than a key", { key: ADMIN, next: "/" }],
])("a sign-in with %s is refused", async (_, body) => {
  const api = await setup();
  const init = { key: null, headers: pageHeaders(api, "POST") };
  const answer = await api.call(
    "POST",
    "/console/session",
    body === undefined ? init : { ...init, body },
  );
  expect(answer.status).toBe(400);
  expect(answer.headers.get("set-cookie")).toBeNull();
});

test("a key is taken before a cookie, and a wrong one is not mended by it", async () => {
  const api = await setup();
  const { cookie } = await openBrowser(api, ADMIN);
  const headers = { ...pageHeaders(api, "GET"), cookie };
  expect((await api.call("GET", "/v1/devices", { key: "wrong", headers })).status).toBe(401);
});
