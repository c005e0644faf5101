import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
let console: OpenConsole;

beforeAll(async () => {
  if (!noBrowser) console = await openConsole();
});

afterAll(async () => {
  if (!noBrowser) await console[Symbol.asyncDispose]();
});

const addressOf = (page: Page): string => page.url().replace(/^https?:\/\/[^/]+\/console/, "");

browserTest(
  "signed out, no tab and no step back shows anything; signed in again, one is where one was",
  async () => {
    const { pombo } = console;
    const to = "5511925000001";
    await pombo.until(await pombo.send(to, "seen before"), ({ status }) => status === "read");
    const page = await console.page();
    const context = page.context();
    const second = await context.newPage();
    await console.visit(second, "/devices");
    await second.getByRole("row", { name: /sandbox/ }).waitFor();
    await console.visit(page, `/messages?status=read#to=${to}`);
    await page.locator("tbody tr[data-id]").waitFor();
    const [cookie] = await context.cookies();
    const asSession = {
      cookie: `${cookie?.name ?? ""}=${cookie?.value ?? ""}`,
      "x-pombo-console": "1",
    };
    const ask = async () =>
      (await fetch(`${pombo.ready.api_url}/v1/devices`, { headers: asSession })).status;
    expect(await ask()).toBe(200);

    console.expectComplaint(/status of 401/);
    await page.getByRole("button", { name: /^Signed in with the key/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByTestId("sign-in").waitFor();
    expect(addressOf(page)).toMatch(/^\/sign-in\?next=[^#]*#to=5511925000001$/);
    expect(new URL(page.url()).search).not.toContain(to);
    expect(await page.getByText("Your session has ended").count()).toBe(0);
    expect(await ask()).toBe(401);
    await second.getByText("Your session has ended").waitFor();
    expect(await second.content()).not.toContain("sandbox");

    const shown: string[] = [];
    context.on("response", (response) => {
      if (response.url().includes("/v1/") && response.ok()) shown.push(response.url());
    });
    await page.goBack();
    await page.getByTestId("sign-in").waitFor();
    await second.goto("/console/devices");
    await second.getByTestId("sign-in").waitFor();
    for (const tab of [page, second])
      // oxlint-disable-next-line no-await-in-loop
      expect(await tab.locator("tr, [data-testid='page.title']").count()).toBe(0);
    expect(shown).toEqual([]);

    await page.getByLabel("API key").fill(pombo.ready.api_key);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("heading", { name: "Messages", exact: true }).waitFor();
    expect(addressOf(page)).toBe(`/messages?status=read#to=${to}`);
    await page.locator("tbody tr[data-id]").waitFor();
  },
);

browserTest("a sign-out that Pombo refuses, or never hears of, leaves one signed in", async () => {
  const page = await console.page();
  const context = page.context();
  const leave = async (told: RegExp): Promise<void> => {
    await page.getByRole("button", { name: /^Signed in with the key/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByText(told).waitFor();
    expect(addressOf(page)).toBe("/devices");
    await page.getByRole("row", { name: /sandbox/ }).waitFor();
  };
  const whoIsThere = () =>
    page.evaluate(
      "fetch('/console/session', { headers: { 'x-pombo-console': '1' } }).then(({ status }) => status)",
    );
  console.expectComplaint(/status of 401|ERR_INTERNET_DISCONNECTED/);
  await console.visit(page, "/devices");
  await page.getByRole("row", { name: /sandbox/ }).waitFor();

  // As a proxy that rewrites where a request comes from.
  await page.route("**/console/session", async (route) => {
    const headers = { ...route.request().headers(), origin: "https://elsewhere.test" };
    await route.fulfill({ response: await route.fetch({ headers }) });
  });
  await leave(/^You are still signed in: Pombo answered with status 401\./);
  await page.unroute("**/console/session");
  expect(await whoIsThere()).toBe(200);

  await context.setOffline(true);
  await leave(/^Pombo has not answered: you may still be signed in\./);
  await context.setOffline(false);
  expect(await whoIsThere()).toBe(200);

  await page.getByRole("button", { name: /^Signed in with the key/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByTestId("sign-in").waitFor();
  expect(await whoIsThere()).toBe(401);
});

const SENDS = ["messages:send", "messages:read"] as const;
const ALL = [...SENDS, "devices:manage", "ops:read", "ops:write", "keys:manage"] as const;

async function keyFor(name: string, scopes: readonly string[]): Promise<string> {
  const { pombo } = console;
  const devices = [pombo.ready.device_id];
  const made = await pombo.api<{ key: string }>("POST", "/v1/api-keys", { name, scopes, devices });
  expect(made.status).toBe(201);
  return made.body.key;
}

/** Opens every page that the navigation leads to, and sees what it shows to its end. @returns the pages that say what the key lacks */
async function tour(page: Page): Promise<readonly string[]> {
  const places = page.getByRole("navigation", { name: "Pages" }).locator("a[href]");
  const words = await places.allInnerTexts();
  const lacking: string[] = [];
  for (const word of words.filter((one) => one !== "Queues")) {
    // oxlint-disable no-await-in-loop -- one page after the other
    await places.getByText(word, { exact: true }).click();
    await page.getByRole("heading", { name: word, exact: true, level: 1 }).waitFor();
    await expect.poll(() => page.locator("[aria-busy]").count()).toBe(0);
    expect(await page.getByTestId("cannot-tell").count(), word).toBe(0);
    const refused = page.locator("main").getByText(/It needs \w+:\w+\.|your key is for/);
    if ((await refused.count()) > 0) lacking.push(word);
    // oxlint-enable no-await-in-loop
  }
  return lacking;
}

browserTest(
  "a key of few scopes and one device asks for nothing that is refused, and sends from it",
  async () => {
    const { pombo } = console;
    const page = await console.page({ key: await keyFor("counter", SENDS) });
    const refused: string[] = [];
    page.on("response", (response) => {
      if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
    });
    await console.visit(page, "/");
    const limited = page.getByTestId("overview.limited");
    expect(await limited.innerText()).toMatch(
      /the scope ops:read, for all devices[^]*1 device, with messages:send, messages:read/,
    );
    expect(await limited.getByRole("link").allInnerTexts()).toEqual(["Messages", "Batches"]);
    await console.inspect(page, "overview of a limited key");
    expect(await tour(page)).toEqual([
      "Devices",
      "Pools",
      "Dead letters",
      "Webhooks",
      "API keys",
      "Suppressions",
      "Sandbox",
    ]);
    await console.inspect(page, "a page that the key does not see");

    await console.visit(page, "/messages?dialog=send");
    const dialog = page.getByTestId("messages.send");
    const from = dialog.getByLabel("From: id of a device or pool");
    expect(await from.inputValue()).toBe(pombo.ready.device_id);
    await console.inspect(page, "send by a limited key");
    await dialog.getByLabel("Recipient").fill("5511925000002");
    await dialog.getByLabel("Text", { exact: true }).fill("From the counter");
    await dialog.getByRole("button", { name: "Send 1 message" }).click();
    await page.getByTestId("message.verdict").getByText("The recipient has read it.").waitFor();
    expect(await pombo.phoneMessages("5511925000002")).toMatchObject([{ copies: 1 }]);
    expect(refused).toEqual([]);
  },
);

browserTest("a key with all scopes for one device sees its part of every page", async () => {
  const page = await console.page({ key: await keyFor("branch", ALL) });
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });
  await console.visit(page, "/");
  await page.getByTestId("overview.limited").getByRole("link", { name: "Dead letters" }).waitFor();
  expect(await tour(page)).toEqual(["Sandbox"]);
  expect(refused).toEqual([]);
});

browserTest("a key is revoked on a phone", async () => {
  const { pombo } = console;
  const key = await keyFor("old shop", SENDS);
  const page = await console.page();
  await page.setViewportSize({ width: 390, height: 800 });
  await console.visit(page, "/keys");
  await page.getByRole("button", { name: "Revoke old shop" }).click();
  await page.getByTestId("keys.revoke-dialog").waitFor();
  await console.inspect(page, "revoke a key");
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByRole("button", { name: "Revoke 1 key" }).click();
  await page.getByRole("row", { name: /old shop.*Revoked|Revoked.*old shop/ }).waitFor();
  const asked = await fetch(`${pombo.ready.api_url}/v1/messages`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(asked.status).toBe(401);
});
