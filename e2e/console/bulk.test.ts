import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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

/** 1,000 rows to a hundred people: 10 that can't be read, and 10 for somebody to whom nothing may be sent. */
const SUPPRESSED = 5_511_910_000_050;
const TABLE = [
  "to,name",
  ...Array.from({ length: 1_000 }, (_, row) =>
    row % 100 === 7 ? `12${row},Bad` : `${5_511_910_000_000 + (row % 101)},Ana ${row}`,
  ),
].join("\n");

const valueOf = async (page: Page, id: string): Promise<number> =>
  Number(await page.getByTestId(id).getAttribute("data-value"));

browserTest("a file is looked at, sent, paused, resumed, and seen to its end", async () => {
  const page = await console.page();
  await console.pombo.api("POST", "/v1/suppressions", { to: String(SUPPRESSED) });
  await console.visit(page, "/batches/new");
  const file = { name: "spring.csv", mimeType: "text/csv", buffer: Buffer.from(TABLE) };
  await page.getByTestId("upload.file").setInputFiles(file);
  await page.getByTestId("upload.from").selectOption(console.pombo.ready.device_id);
  await page.getByTestId("upload.template").fill("Hello {{name}}");
  await page.getByLabel("Left out as duplicates").selectOption("recipient");
  await page.getByTestId("upload.preview").click();
  await page.getByTestId("preview.verdict").waitFor();
  const seen = await Promise.all(
    ["accepted", "invalid", "duplicate", "suppressed"].map((name) =>
      valueOf(page, `preview.${name}`),
    ),
  );
  expect(seen.reduce((sum, count) => sum + count)).toBe(1_000);
  const [accepted = 0] = seen;
  expect(accepted).toBeGreaterThan(90);
  expect(seen.slice(1)).toEqual([10, 980 - accepted, 10]);
  expect(await page.getByTestId("preview.sample").first().textContent()).toContain("Hello Ana 0");
  await console.inspect(page, "new batch");
  await console.picture(page, "batch-preview");

  await page.getByTestId("upload.start").click();
  await page.getByTestId("batch.pause").click();
  await page.getByTestId("batch.resume").waitFor();
  expect(await page.getByTestId("batch.verdict").textContent()).toMatch(/^Paused: \d+ messages/);
  await console.inspect(page, "batch");
  await console.picture(page, "batch");
  await page.getByTestId("batch.cancel").click();
  const gone = await valueOf(page, "batch.cancel-gone");
  expect(gone).toBe(await valueOf(page, "batch.with-whatsapp"));
  await console.inspect(page, "cancel a batch");
  await page.getByRole("button", { name: "Keep sending" }).click();
  await page.getByTestId("batch.resume").click();
  await page.getByText(`Done: all ${accepted} messages were acknowledged.`).waitFor();

  await page.getByRole("tab", { name: /^Left out/ }).click();
  const first = page.getByTestId("batch.error.line").first();
  expect(await first.textContent()).toBe("9");
  const saved = page.waitForEvent("download");
  await page.getByTestId("batch.results").click();
  expect((await saved).suggestedFilename()).toMatch(/^bat_[0-9A-F]{11}\.csv$/);
  await console.visit(page, "/batches");
  await page.getByRole("row", { name: /spring/ }).waitFor();
  await console.inspect(page, "batches");
});

browserTest("a pool is made, put in order, changed, chosen as a sender, and deleted", async () => {
  const { pombo } = console;
  const pools = async () =>
    (await pombo.api<{ pools: Record<string, unknown>[] }>("GET", "/v1/pools")).body.pools;
  const { body } = await pombo.api<{ device_id: string }>("POST", "/v1/devices", { name: "spare" });
  const [first, spare] = [pombo.ready.device_id, body.device_id];
  const page = await console.page();
  await console.visit(page, "/pools");
  await page.getByText("A pool is a list of devices that send together").waitFor();
  await page.getByTestId("pools.new").click();
  await page.getByRole("button", { name: "Make the pool" }).click();
  await page.getByText("Give it a name").waitFor();
  await page.getByTestId("pools.name").fill("sales");
  await page.getByTestId("pools.strategy").selectOption("in_order");
  for (const id of [first, spare])
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await page.getByTestId(`pools.choose.${id}`).check();
  await page.getByRole("button", { name: "Move spare up" }).click();
  await expect
    .poll(() => page.getByTestId("pools.order").getByRole("listitem").allInnerTexts())
    .toEqual([expect.stringContaining("spare"), expect.stringContaining("sandbox")]);
  await console.inspect(page, "new pool");
  await page.getByRole("button", { name: "Make the pool" }).click();
  const verdict = page.getByTestId("pool.verdict");
  await verdict.getByText("1 of 2 devices can send; not spare (created).").waitFor();
  const made = { name: "sales", strategy: "in_order" };
  expect(await pools()).toMatchObject([{ ...made, devices: [spare, first] }]);
  const [{ pool_id: id } = {}] = await pools();
  expect(new URL(page.url()).search).toBe(`?pool=${String(id)}`);
  await console.inspect(page, "pool");
  await page.getByRole("link", { name: "All pools" }).click();
  await page.getByRole("row", { name: /1 of 2 can send sales/ }).waitFor();
  await console.inspect(page, "pools");
  await console.picture(page, "pools");

  await page.getByText("sales").click();
  await page.getByTestId("pool.edit").click();
  await page.getByTestId(`pools.choose.${spare}`).uncheck();
  await page.getByText("1 device leaves the pool").waitFor();
  await console.inspect(page, "edit a pool");
  await page.getByRole("button", { name: "Save the pool" }).click();
  await verdict.getByText("Its device can send.").waitFor();
  expect(await pools()).toMatchObject([{ ...made, devices: [first] }]);

  await console.visit(page, "/batches/new");
  await page.getByTestId("upload.from").selectOption({ label: "sales (pool of 1)" });
  expect(await page.getByTestId("upload.from").inputValue()).toBe(id);

  await console.visit(page, `/pools?pool=${String(id)}`);
  await page.getByTestId("pool.delete").click();
  const dialog = page.getByTestId("pool.delete-dialog");
  const remove = dialog.getByRole("button", { name: "Delete the pool" });
  expect(await remove.getAttribute("aria-disabled")).toBe("true");
  await console.inspect(page, "delete a pool");
  await dialog.getByLabel("Type sales to go on").fill("sales");
  await remove.click();
  await page.getByText("A pool is a list of devices that send together").waitFor();
  expect(await pools()).toEqual([]);
});

browserTest("a key is made, shown once, and revoked", async () => {
  const page = await console.page();
  await console.visit(page, "/keys?dialog=new");
  await page.getByTestId("keys.name").fill("shop");
  await console.inspect(page, "new key");
  await page.getByRole("button", { name: "Make the key" }).click();
  const key = (await page.getByTestId("keys.key").textContent()) ?? "";
  const asKey = { headers: { authorization: `Bearer ${key}` } };
  const ask = async () => (await fetch(`${console.pombo.ready.api_url}/v1/batches`, asKey)).status;
  expect(await ask()).toBe(200);
  await page.getByRole("button", { name: "I have kept it" }).click();
  expect(await page.content()).not.toContain(key);
  await page.getByRole("button", { name: "Revoke shop" }).click();
  const dialog = page.getByTestId("keys.revoke-dialog");
  await dialog.getByRole("button", { name: "Revoke 1 key" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await ask()).toBe(401);
  await page.getByRole("row", { name: /Revoked shop/ }).waitFor();
  await console.inspect(page, "keys");
});

browserTest("a webhook is tested, and says how it was answered", async () => {
  const server = createServer((_, res) => void res.writeHead(500).end("no such tenant"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const page = await console.page();
  await console.visit(page, "/webhooks?dialog=new");
  const { port } = server.address() as AddressInfo;
  await page.getByTestId("webhooks.url").fill(`http://127.0.0.1:${port}/in`);
  await page.getByRole("button", { name: "Make the webhook" }).click();
  expect(await page.getByTestId("webhooks.secret").textContent()).toMatch(/^whsec_/);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByTestId("webhook.test").click();
  await page.getByText("no such tenant").waitFor();
  expect(await page.getByTestId("delivery.answer").first().textContent()).toBe("500");
  await console.inspect(page, "webhooks");
  await console.picture(page, "webhooks");
  server.closeAllConnections();
  server.close();
});

browserTest(
  "a number is put on the list, found without a trace in the address, and removed",
  async () => {
    const page = await console.page();
    await console.visit(page, "/suppressions?dialog=add");
    await page.getByTestId("suppressions.numbers").fill("+55 (11) 92000-0071");
    await page.getByRole("button", { name: "Add 1" }).click();
    await page.getByTestId("suppressions.add-dialog").waitFor({ state: "detached" });
    await page.getByTestId("suppressions.number").fill("+55 11 92000-0071");
    await page.getByRole("button", { name: "Look" }).click();
    await page.getByText("nothing is sent to this number").waitFor();
    expect(page.url()).toMatch(/\/suppressions#to=5511920000071$/);
    await console.inspect(page, "suppressions");
    await page.getByRole("button", { name: "Remove the number ending in 0071" }).click();
    // Browsers write a line for every 404: the answer that the number is on no list.
    console.expectComplaint(/status of 404 .*\/v1\/suppressions\/5511920000071/);
    await page.getByRole("button", { name: "Remove 1" }).click();
    await page.getByText("Not on the list").waitFor();
  },
);
