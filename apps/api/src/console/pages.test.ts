import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ADMIN, openTestApi, speak } from "../open-test-api.ts";
import { openBrowser } from "./browser.test-bed.ts";

const PAGE = "<!doctype html><title>the page</title>";
const SCRIPT = `const text = "${"a script ".repeat(200)}";`;

async function setup() {
  const folder = await mkdtemp(join(tmpdir(), "pombo-console-"));
  await mkdir(join(folder, "dist", "assets"), { recursive: true });
  await writeFile(join(folder, "secret.js"), "SECRET");
  await writeFile(join(folder, "dist", "index.html"), PAGE);
  await writeFile(join(folder, "dist", "icon.svg"), "<svg/>");
  await writeFile(join(folder, "dist", "assets", "index-1a2b.js"), SCRIPT);
  const api = await openTestApi({}, undefined, { consoleFolder: join(folder, "dist") });
  onTestFinished(async () => {
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const { cookie } = await openBrowser(api, ADMIN);
  const get = (path: string, headers: Record<string, string> = { cookie }, method = "GET") =>
    fetch(api.url + path, { method, headers, redirect: "manual" });
  return { api, cookie, get };
}

test("every address is the one page for who is signed in, and leads to the sign-in for others", async () => {
  const { get } = await setup();
  for (const path of ["/console", "/console/", "/console/devices/dev_0?tab=lane"]) {
    // oxlint-disable-next-line no-await-in-loop
    const [page, refused] = await Promise.all([get(path), get(path, {})]);
    // oxlint-disable-next-line no-await-in-loop
    expect(await page.text()).toBe(PAGE);
    expect(refused.status).toBe(303);
    const next = encodeURIComponent(path);
    expect(refused.headers.get("location")).toBe(`/console/sign-in?next=${next}`);
  }
  const signIn = await get("/console/sign-in?next=%2Fconsole", {});
  expect(await signIn.text()).toBe(PAGE);
  expect(signIn.headers.get("cache-control")).toBe("no-store");
  expect(signIn.headers.get("content-security-policy")).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
});

test("behind a link of another site, which brings no cookie, the sign-in is told to ask again", async () => {
  const { get } = await setup();
  for (const [site, again] of [
    ["cross-site", "&elsewhere=yes"],
    ["same-site", "&elsewhere=yes"],
    ["same-origin", ""],
    ["none", ""],
  ] as const)
    for (const path of ["/console/devices", "/console/queues"]) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await get(path, { "sec-fetch-site": site });
      const next = encodeURIComponent(path);
      expect(answer.headers.get("location")).toBe(`/console/sign-in?next=${next}${again}`);
    }
});

test("assets are public, kept for ever, and compressed for who takes that", async () => {
  const { get } = await setup();
  const asset = "/console/assets/index-1a2b.js";
  const plain = await get(asset, { "accept-encoding": "identity" });
  expect(plain.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(plain.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(await plain.text()).toBe(SCRIPT);
  const small = await get(asset, { "accept-encoding": "gzip, br" });
  expect(small.headers.get("content-encoding")).toBe("br");
  expect(Number(small.headers.get("content-length"))).toBeLessThan(100);
  expect(await small.text()).toBe(SCRIPT);
  const head = await get(asset, {}, "HEAD");
  expect(head.status).toBe(200);
  expect(await head.text()).toBe("");
  expect((await get("/console/icon.svg", {})).headers.get("content-type")).toBe("image/svg+xml");
});

test("nothing outside of the folder is served, and what isn't there is told in the envelope", async () => {
  const { api, get } = await setup();
  const absent = await get("/console/assets/other.js", {});
  expect(absent.status).toBe(404);
  expect(await absent.json()).toMatchObject({ success: false, error_code: "NOT_FOUND" });
  const paths = [
    "/console/../secret.js",
    "/console/assets/../../secret.js",
    "/console/assets/..%2f..%2fsecret.js",
    "/console/%2e%2e/secret.js",
    "/console/assets/%2e%2e/%2e%2e/secret.js",
    "/console//secret.js",
    "/console/assets/..\\..\\secret.js",
    "/console/assets/index-1a2b.js/../../../secret.js",
    "/console/assets",
    "/console/assets/",
  ];
  for (const path of paths) {
    // oxlint-disable-next-line no-await-in-loop
    const heard = await speak(api.url, (socket) =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    );
    expect(heard, path).toMatch(/^HTTP\/1\.1 (?:303|401|404) /);
    expect(heard, path).not.toContain("SECRET");
  }
});

test("pages are read, nothing else", async () => {
  const { get } = await setup();
  const posted = await get("/console/devices", {}, "POST");
  expect(posted.status).toBe(405);
  expect(posted.headers.get("allow")).toBe("GET, HEAD");
});

test("where nobody has built the console, its page says how", async () => {
  const api = await openTestApi();
  onTestFinished(() => api[Symbol.asyncDispose]());
  const page = await api.call("GET", "/console/sign-in", { key: null });
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining("is not built") });
});
