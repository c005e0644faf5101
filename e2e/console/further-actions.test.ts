import { readFile } from "node:fs/promises";
import { verifyWebhook } from "@pombo/sdk";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { QUICK } from "../pombo.ts";
import { openWebhookReceiver } from "../webhook-receiver.ts";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
let console: OpenConsole;
let page: Page;

/** Nothing that failed is tried again by itself while a test lasts. */
const PATIENT = { POMBO_WEBHOOK_BACKOFF_BASE_MS: "3600000" };

beforeAll(async () => {
  if (noBrowser) return;
  console = await openConsole({ env: { ...QUICK, ...PATIENT } });
  page = await console.page();
});

afterAll(async () => {
  if (!noBrowser) await console[Symbol.asyncDispose]();
});

const PHONE = { width: 390, height: 800 };
const DESK = { width: 1_280, height: 800 };
const settled = ({ status }: { status: string }): boolean => ["read", "failed"].includes(status);

interface Delivery {
  readonly delivery_id: string;
  readonly state: string;
  readonly http_status: number | null;
}

/** The secret that the dialog shows this once. */
async function readSecret(): Promise<string> {
  const secret = (await page.getByTestId("webhooks.secret").textContent()) ?? "";
  expect(secret).toMatch(/^whsec_/);
  await console.inspect(page, "the secret of a webhook");
  await page.getByRole("button", { name: "I have kept it" }).click();
  await page.getByTestId("webhooks.secret-dialog").waitFor({ state: "detached" });
  expect(await page.content()).not.toContain(secret);
  return secret;
}

browserTest(
  "a receiver fails, is mended, and gets what it missed under the same ids; its secret is replaced",
  async () => {
    const { pombo } = console;
    await using receiver = await openWebhookReceiver();
    await console.visit(page, "/webhooks?dialog=new");
    await page.getByTestId("webhooks.url").fill(receiver.url);
    await page.getByLabel(/^Messages: every change/).check();
    await console.inspect(page, "new webhook");
    await page.getByRole("button", { name: "Make the webhook" }).click();
    const first = await readSecret();
    receiver.trust(first);
    const path = `/v1/webhooks/${/wh_\w+/.exec(page.url())?.[0] ?? ""}`;
    const deliveries = async (state: string) =>
      (
        await pombo.api<{ deliveries: readonly Delivery[] }>(
          "GET",
          `${path}/deliveries?limit=200&state=${state}`,
        )
      ).body.deliveries;
    const timesHeard = (id: string) => receiver.heard.filter((one) => one.id === id).length;

    await page.getByTestId("webhook.test").click();
    await page.getByRole("row", { name: /Delivered webhook\.test 204/ }).waitFor();
    expect(receiver.heard.map(({ type }) => type)).toEqual(["webhook.test"]);

    receiver.answer(503, "closed for repairs");
    const sent = await pombo.send("5511923100001", "told later");
    const { status_version: events } = await pombo.until(sent, settled);
    await page
      .getByTestId("webhook.verdict")
      .getByText(/failed/)
      .waitFor();
    await page.getByTestId("table.new").click();
    await page.getByTestId("delivery.excerpt").getByText("closed for repairs").first().waitFor();
    await expect.poll(async () => (await deliveries("retrying")).length).toBeGreaterThan(2);
    receiver.answer(204);
    const failed = (await deliveries("retrying")).map(({ delivery_id: id }) => id);
    const [one = "", ...others] = failed;
    expect(failed.map(timesHeard)).toEqual(failed.map(() => 1));

    await page.setViewportSize(PHONE);
    const row = page.locator(`tr[data-id="${one}"]`);
    await row.getByRole("button", { name: "Redeliver" }).click();
    await page.getByText("It is on its way again, under the same id.").waitFor();
    await expect.poll(() => timesHeard(one)).toBe(2);
    await row.getByText("Delivered").waitFor();
    expect(others.map(timesHeard)).toEqual(others.map(() => 1));
    await page.setViewportSize(DESK);
    await page.getByTestId("webhook.redeliver").click();
    const dialog = page.getByTestId("webhook.redeliver-dialog");
    await console.inspect(page, "redeliver what failed");
    await dialog.getByRole("button", { name: "Redeliver what failed" }).click();
    await page.getByText(`${others.length} deliveries on the way.`).waitFor();
    await expect.poll(() => others.map(timesHeard)).toEqual(others.map(() => 2));
    await page.getByTestId("webhook.verdict").getByText("It gets everything.").waitFor();
    const ofMessage = receiver.heard.filter(({ data }) => data.message_id === sent);
    expect(new Set(ofMessage.map(({ id }) => id)).size).toBe(events);

    await page.getByRole("button", { name: "Switch off" }).click();
    await page.getByTestId("webhook.resume").waitFor();
    await row.getByRole("button", { name: "Redeliver" }).click();
    await page.getByText("It waits, under the same id, until the webhook is resumed.").waitFor();
    await row.getByText("Open", { exact: true }).waitFor();
    expect(timesHeard(one)).toBe(2);
    await page.getByTestId("webhook.resume").click();
    await expect.poll(() => timesHeard(one)).toBe(3);

    await page.getByRole("button", { name: "Replace the secret …" }).click();
    const replace = page.getByRole("dialog", { name: "Replace the secret" });
    await console.inspect(page, "replace the secret");
    await replace.getByRole("button", { name: "Replace the secret" }).click();
    const second = await readSecret();
    await page.getByText("signs as well until").waitFor();
    const before = receiver.posted.length;
    await page.getByTestId("webhook.test").click();
    await expect.poll(() => receiver.posted.length).toBe(before + 1);
    const last = receiver.posted.at(-1) ?? { headers: {}, body: "" };
    const verdicts = [first, second, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"].map((secret) =>
      verifyWebhook(last, { secret }),
    );
    expect((await Promise.all(verdicts)).map(({ kind }) => kind)).toEqual([
      "verified",
      "verified",
      "refused",
    ]);

    await page.getByRole("button", { name: "Delete …" }).click();
    const remove = page.getByRole("dialog", { name: "Delete this webhook" });
    await console.inspect(page, "delete a webhook");
    const id = path.split("/").at(-1) ?? "";
    await remove.getByLabel(`Type ${id} to go on`).fill(id);
    await remove.getByRole("button", { name: "Delete 1 webhook" }).click();
    await page.getByTestId("webhooks.verdict").getByText("nobody is told").waitFor();
    expect((await pombo.api("GET", path)).status).toBe(404);
  },
);

const OPTED_OUT = "5511923000001";
const THERE = "5511923000004";
const LIST = [
  "to,reason,note",
  "+55 11 92300-0001,opt_out,wrote stop",
  "5511923000002,,",
  "12,,",
  `${OPTED_OUT},opt_out,`,
  "5511923000003,never,",
  `${THERE},manual,moved`,
  "",
].join("\r\n");

browserTest("numbers of a file are put on the list, looked up, and taken off again", async () => {
  const { pombo } = console;
  const listed = async () =>
    (
      await pombo.api<{ suppressions: readonly { to: string; reason: string }[] }>(
        "GET",
        "/v1/suppressions",
      )
    ).body.suppressions;
  await pombo.api("POST", "/v1/suppressions", { to: THERE });
  const before = (await listed()).length;
  await console.visit(page, "/suppressions");
  await page.getByRole("button", { name: "Import CSV" }).click();
  const dialog = page.getByTestId("suppressions.import-dialog");
  const file = { name: "stop.csv", mimeType: "text/csv", buffer: Buffer.from(LIST) };
  await page.getByTestId("suppressions.file").setInputFiles(file);
  await console.inspect(page, "import of a file");
  await dialog.getByRole("button", { name: "Import" }).click();
  const told = await page.getByTestId("suppressions.imported").innerText();
  expect(told).toBe("Added 2; 2 were there; 2 could not be read.");
  expect(await dialog.getByRole("listitem").allInnerTexts()).toEqual([
    expect.stringMatching(/^Line 4: /),
    expect.stringMatching(/^Line 6: /),
  ]);
  await console.inspect(page, "an imported file");
  const all = await listed();
  expect(all.length).toBe(before + 2);
  expect(all.map(({ to, reason }) => `${to} ${reason}`).toSorted()).toEqual([
    `${OPTED_OUT} opt_out`,
    "5511923000002 manual",
    `${THERE} manual`,
  ]);
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const rows = page.getByTestId("suppressions.list");
  await expect.poll(() => rows.getAttribute("data-rows")).toBe(String(all.length));

  await page.getByTestId("suppressions.number").fill("+55 (11) 92300-0001");
  await page.getByRole("button", { name: "Look" }).click();
  await page.getByTestId("suppressions.verdict").getByText("the person opted out").waitFor();
  await page.getByRole("button", { name: "Remove the number ending in 0001" }).click();
  await page.getByTestId("suppressions.remove-dialog").waitFor();
  await console.inspect(page, "remove from the list");
  // Browsers write a line for every 404: the answer that the number is on no list.
  console.expectComplaint(/status of 404 .*\/v1\/suppressions\/5511923000001/);
  await page.getByRole("button", { name: "Remove 1" }).click();
  await page.getByTestId("suppressions.verdict").getByText("Not on the list").waitFor();
  expect((await listed()).map(({ to }) => to)).not.toContain(OPTED_OUT);
  const again = await pombo.until(await pombo.send(OPTED_OUT, "welcome back"), settled);
  expect(again.status).toBe("read");
});

browserTest("a message is sent from a pool", async () => {
  const { pombo } = console;
  const { device_id: device } = pombo.ready;
  const made = await pombo.api<{ pool_id: string }>("POST", "/v1/pools", {
    name: "sales",
    devices: [device],
  });
  await console.visit(page, "/messages");
  await page.getByRole("button", { name: "Send a message" }).click();
  const dialog = page.getByTestId("messages.send");
  await dialog.getByLabel("From").selectOption({ label: "sales (pool of 1)" });
  await dialog.getByLabel("Recipient").fill("+55 11 92310-0002");
  await dialog.getByLabel("Text", { exact: true }).fill("From all of us");
  await console.inspect(page, "send from a pool");
  await dialog.getByRole("button", { name: "Send 1 message" }).click();
  await page.getByTestId("message.verdict").getByText("The recipient has read it.").waitFor();
  const id = /3EB0\w+/.exec(page.url())?.[0] ?? "";
  expect((await pombo.api("GET", `/v1/messages/${id}`)).body).toMatchObject({
    pool_id: made.body.pool_id,
    device_id: device,
  });
  expect(await pombo.phoneMessages("5511923100002")).toMatchObject([
    { id, text: "From all of us", copies: 1 },
  ]);
});

browserTest("why rows were left out is saved as the API tells it", async () => {
  const { pombo } = console;
  const rows = 'to,name\r\n5511923100003,Ana\r\n=1+1,Bo\r\n12,"Cy, or\nsomebody"\r\n';
  const response = await fetch(
    `${pombo.ready.api_url}/v1/batches?from=${pombo.ready.device_id}&template=Hello%20{{name}}`,
    {
      method: "POST",
      headers: { authorization: `Bearer ${pombo.ready.api_key}`, "content-type": "text/csv" },
      body: rows,
    },
  );
  const { batch_id: id } = (await response.json()) as { batch_id: string };
  await console.visit(page, `/batches/${id}?tab=errors`);
  await page.getByTestId("batch.verdict").getByText(/^Done/).waitFor();
  await console.inspect(page, "rows that were left out");
  const saved = page.waitForEvent("download");
  await page.getByTestId("batch.save-errors").click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe(`${id}.errors.csv`);
  const text = await readFile(await download.path(), "utf8");
  const asked = await fetch(`${pombo.ready.api_url}/v1/batches/${id}/errors.csv`, {
    headers: { authorization: `Bearer ${pombo.ready.api_key}` },
  });
  expect(text).toBe(await asked.text());
  const [head, ...lines] = text.trimEnd().split("\r\n");
  expect(head).toMatch(/^line,row,kind,field,value,/);
  // What a spreadsheet would take for a formula is none.
  expect(lines).toEqual([
    expect.stringMatching(/^3,2,invalid,to,'=1\+1,/),
    expect.stringMatching(/^4,3,invalid,to,12,/),
  ]);
});
