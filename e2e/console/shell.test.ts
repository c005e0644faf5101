import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
let console: OpenConsole;

beforeAll(async () => {
  if (noBrowser) return undefined;
  console = await openConsole();
  return () => console[Symbol.asyncDispose]();
});

const addressOf = (page: Page): string => page.url().replace(/^https?:\/\/[^/]+\/console/, "");

browserTest("signing in leads to the page that was wanted, and leaves no key behind", async () => {
  const page = await console.page({ key: null });
  await page.goto("/console/messages?status=failed");
  expect(addressOf(page)).toMatch(/^\/sign-in\?next=/);
  console.expectComplaint(/status of 401/);
  await page.getByLabel("API key").fill("pk_wrong");
  await page.keyboard.press("Enter");
  expect(await page.getByRole("alert").textContent()).toMatch(/does not know this key/);
  await console.inspect(page, "sign-in");
  await page.getByLabel("API key").fill(console.pombo.ready.api_key);
  await page.keyboard.press("Enter");
  const told = await page.getByTestId("signed-in").textContent();
  expect(told).toContain("admin");
  expect(told).toContain("ops:write");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Messages", exact: true }).waitFor();
  expect(addressOf(page)).toBe("/messages?status=failed");
  const kept = "JSON.stringify([localStorage, sessionStorage]) + document.cookie";
  expect(await page.evaluate(kept)).toBe("[{},{}]");
});

browserTest(
  "who is signed in comes through a link of another site, with what it names",
  async () => {
    const page = await console.page();
    const href = `${console.pombo.ready.api_url}/console/messages?status=failed#to=5511900000002`;
    await page.goto(`data:text/html,<a href="${encodeURIComponent(href)}">in a chat</a>`);
    const without = page.waitForRequest(/\/sign-in\?.*&elsewhere=yes/);
    await page.getByRole("link", { name: "in a chat" }).click();
    await without;
    await page.getByRole("heading", { name: "Messages", exact: true }).waitFor();
    expect(addressOf(page)).toBe("/messages?status=failed#to=5511900000002");
  },
);

browserTest("a number stays behind the # on the way through the sign-in", async () => {
  const page = await console.page({ key: null });
  await page.goto("/console/messages#to=5511900000002");
  expect(addressOf(page)).toBe("/sign-in?next=%2Fconsole%2Fmessages#to=5511900000002");
  await page.getByLabel("API key").fill(console.pombo.ready.api_key);
  await page.keyboard.press("Enter");
  await page.getByTestId("signed-in").waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Messages", exact: true }).waitFor();
  expect(addressOf(page)).toBe("/messages#to=5511900000002");
  console.expectComplaint(/status of 401/);
  await page.context().clearCookies();
  await page.getByText("Your session has ended").waitFor();
  expect(addressOf(page)).toMatch(/^\/sign-in\?next=%2Fmessages&ended=yes#to=5511900000002$/);
});

browserTest(
  "everything can be reached by keyboard, and single keys can be switched off",
  async () => {
    const page = await console.page();
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.getByRole("heading", { name: "Devices", exact: true }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("+55 11 90000-0002");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Messages", exact: true }).waitFor();
    expect(addressOf(page)).toBe("/messages#to=5511900000002");
    const opener = page.getByRole("button", { name: "Keyboard and display" });
    await opener.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await console.inspect(page, "help");
    await page.getByTestId("help.single-keys").uncheck();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const focused = "document.activeElement.getAttribute('aria-label')";
    expect(await page.evaluate(focused)).toBe("Keyboard and display");
    await page.keyboard.press("?");
    await page.keyboard.press("g");
    await page.keyboard.press("o");
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(addressOf(page)).toBe("/messages#to=5511900000002");
  },
);

browserTest("the theme follows the system until somebody chooses, and stays chosen", async () => {
  const page = await console.page();
  const background = () =>
    page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await background()).toBe("rgb(17, 20, 24)");
  await page.getByRole("button", { name: /^Signed in with the key/ }).click();
  await page.getByRole("menuitemradio", { name: "Light theme" }).click();
  expect(await background()).toBe("rgb(255, 255, 255)");
  await page.reload();
  await page.getByTestId("page.title").waitFor();
  expect(await background()).toBe("rgb(255, 255, 255)");
  await page.goto("/console/no/such/page");
  await page.getByRole("heading", { name: "No such page" }).waitFor();
  await console.inspect(page, "no such page");
});

browserTest(
  "a silent stream is called so; a hidden tab closes its own and goes on where it was",
  async () => {
    const page = await console.page();
    const state = (wanted: string) =>
      page.locator(`[data-testid="live"][data-state="${wanted}"]`).waitFor();
    await state("live");
    await page.clock.install();
    await page.reload();
    await state("live");
    await setHidden(page, true);
    await page.clock.runFor(11_000);
    await state("hidden");
    const asked = page.waitForRequest((request) => request.url().includes("/v1/events"));
    await setHidden(page, false);
    expect((await asked).headers()["last-event-id"]).toMatch(/^\d+-\d+$/);
    await state("live");
    // From now on nothing comes, neither on this connection nor on another one.
    await page.route("**/v1/events*", () => undefined);
    await setHidden(page, true);
    await page.clock.runFor(11_000);
    await setHidden(page, false);
    await page.clock.runFor(16_000);
    await state("stopped");
    expect(await page.getByTestId("live").textContent()).toMatch(/^Live stopped at \d\d:\d\d:\d\d/);
  },
);

function setHidden(page: Page, hidden: boolean): Promise<unknown> {
  return page.evaluate(
    `Object.defineProperty(document, "hidden", { configurable: true, value: ${hidden} }); document.dispatchEvent(new Event("visibilitychange"))`,
  );
}

browserTest("a revoked key ends its session; signing out ends it for this browser", async () => {
  const { pombo } = console;
  const made = await pombo.api<{ id: string; key: string }>("POST", "/v1/api-keys", {
    name: "night shift",
    scopes: ["messages:read", "ops:read"],
    devices: "*",
  });
  const page = await console.page({ key: made.body.key });
  await page.locator('[data-testid="live"][data-state="live"]').waitFor();
  console.expectComplaint(/status of 401/);
  await pombo.api("DELETE", `/v1/api-keys/${made.body.id}`);
  await page.getByText("Your session has ended").waitFor();
  const other = await console.page();
  await other.getByRole("button", { name: /^Signed in with the key/ }).click();
  await other.getByRole("menuitem", { name: "Sign out" }).click();
  await other.getByRole("button", { name: "Sign in" }).waitFor();
  await other.goto("/console/devices");
  expect(addressOf(other)).toMatch(/^\/sign-in/);
});
