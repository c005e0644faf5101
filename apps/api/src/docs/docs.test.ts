import { answerOf } from "@pombo/contract";
import { CATALOG, ERROR_CODES } from "@pombo/domain";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestApi, type TestApi } from "../open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const read = (path: string) => api.call("GET", path, { key: null });

/** What a page makes a browser load. */
function loadsOf(html: string): string[] {
  return [...html.matchAll(/(?:src|<link[^>]* href)="([^"]*)"/g)].map(
    ([, address]) => address ?? "",
  );
}

test("the reference needs no key, and loads nothing that this process does not serve", async () => {
  const { status, headers, text } = await read("/docs");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  const loads = loadsOf(text).filter((address) => !address.startsWith("data:"));
  expect(loads).toHaveLength(3);
  expect(text).not.toMatch(/https?:\/\/|<script>|\son\w+=/);
  for (const address of loads) {
    // oxlint-disable-next-line no-await-in-loop -- three
    const loaded = await read(address);
    expect(loaded.status, address).toBe(200);
    expect(loaded.text.length).toBeGreaterThan(100);
  }
  const script = await read("/docs/reference.js");
  expect(script.text).toContain('url: "/openapi.json"');
  expect(script.text).not.toMatch(/https?:/);
});

test("its policy lets the browser speak to this origin only, and holds for these pages only", async () => {
  const policy = (await read("/docs")).headers.get("content-security-policy") ?? "";
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("connect-src 'self';");
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
  const elsewhere = await read("/v1/errors");
  expect(elsewhere.headers.get("content-security-policy")).toBe(
    "default-src 'none'; frame-ancestors 'none'",
  );
});

test.each(ERROR_CODES)(
  "%s has a page with its meaning and its answers, without any script",
  async (code) => {
    const { status, text, headers } = await read(`/docs/errors/${code}`);
    expect(status).toBe(200);
    expect(headers.get("content-security-policy")).not.toContain("script-src");
    expect(text).toContain(`<h1>${code}</h1>`);
    expect(text).toContain(CATALOG[code].says.replaceAll('"', "&quot;"));
    for (const dialect of ["native", "wuts", "session"] as const) {
      const answer = answerOf(dialect, code);
      const shown =
        answer === undefined ? "never an answer" : `${answer.status} <code>${answer.code}</code>`;
      expect(text).toContain(`<tr><td>${dialect}</td><td>${shown}</td></tr>`);
    }
  },
);

test("the type of a problem leads to its page", async () => {
  const headers = { accept: "application/problem+json" };
  const refused = await api.call("GET", "/v1/devices/nobody", { headers });
  expect(refused.body).toMatchObject({ type: "/docs/errors/DEVICE_NOT_FOUND" });
  expect((await read(String(refused.body["type"]))).status).toBe(200);
});

test("names that only a dialect has lead to what they stand for; all codes are listed", async () => {
  const { text } = await read("/docs/errors/SESSION_NOT_CONNECTED");
  expect(text).toContain('href="/docs/errors/DEVICE_DISCONNECTED"');
  const all = await read("/docs/errors");
  for (const code of ERROR_CODES) expect(all.text).toContain(`href="/docs/errors/${code}"`);
});

test("there is nothing else, and nothing to write", async () => {
  for (const path of ["/docs/errors/NONSENSE", "/docs/../package.json", "/docs/%2e%2e/x", "/docsx"])
    // oxlint-disable-next-line no-await-in-loop
    expect((await api.call("GET", path)).body, path).toMatchObject({ error_code: "NOT_FOUND" });
  const written = await api.call("POST", "/docs", { body: {} });
  expect(written).toMatchObject({ status: 405, body: { error_code: "METHOD_NOT_ALLOWED" } });
  const head = await api.call("HEAD", "/docs", { key: null });
  expect([head.status, head.text]).toEqual([200, ""]);
});
