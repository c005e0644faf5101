import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { QUICK } from "../pombo.ts";
import { isSettled, refuse, silence } from "./dead-letter.ts";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
let console: OpenConsole;

beforeAll(async () => {
  if (!noBrowser) console = await openConsole({ env: QUICK });
});

afterAll(async () => {
  if (!noBrowser) await console[Symbol.asyncDispose]();
});

const idOf = (page: Page): string => /\/messages\/(3EB0\w+)/.exec(page.url())?.[1] ?? "";

browserTest(
  "a message is sent, followed to the phone, found again, and explained while it waits",
  async () => {
    const { pombo } = console;
    const page = await console.page();
    await console.visit(page, "/messages");
    await page.getByRole("button", { name: "Send a message" }).click();
    await page.getByLabel("Recipient").fill("+55 11 92100-0001");
    await page.getByLabel("Text", { exact: true }).fill("From the console");
    await page.getByRole("button", { name: "Send 1 message" }).click();
    await page.getByTestId("message.verdict").getByText("The recipient has read it.").waitFor();
    const id = idOf(page);
    expect(await pombo.phoneMessages("5511921000001")).toMatchObject([
      { id, text: "From the console", copies: 1 },
    ]);
    const story = await page.getByTestId("message.timeline").innerText();
    expect(story).toMatch(/accepted[^]*attempt 1[^]*WhatsApp acknowledged it[^]*read/);

    const { device_id: device } = pombo.ready;
    await pombo.api("POST", `/v1/devices/${device}/lane/pause`);
    const waiting = await pombo.send("5511921000002", "Wait for me", { client_ref: "order 77" });
    await console.visit(page, `/messages/${waiting}`);
    await page.getByTestId("message.verdict").getByText("Somebody paused the lane").waitFor();
    await page.getByTestId("message.next").getByRole("link").waitFor();
    await console.inspect(page, "a message that waits");
    await console.picture(page, "message");

    await console.visit(page, "/messages");
    const row = page.locator(`tr[data-id="${waiting}"]`);
    await row.getByText("Waiting: lane paused").waitFor();
    await pombo.api("POST", `/v1/devices/${device}/lane/resume`);
    // The row changes in its place; nobody asked for the list again.
    await row.getByText("Read", { exact: true }).waitFor();
    await page.getByTestId("messages.search").fill("order 77");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("tbody tr[data-id]").count()).toBe(1);
    await page.getByTestId("messages.search").fill("+55 11 92100-0001");
    await page.keyboard.press("Enter");
    await page.locator(`tr[data-id="${id}"]`).waitFor();
    expect(new URL(page.url())).toMatchObject({ search: "", hash: "#to=5511921000001" });
    await console.inspect(page, "messages");
    await page.getByTestId("messages.search").fill(waiting);
    await page.keyboard.press("Enter");
    await page
      .getByTestId("message.wait")
      .getByText(/waited .*: lane paused/)
      .waitFor();
  },
);

browserTest(
  "dead letters are grouped by cause, one is edited, the others go again as an operation",
  async () => {
    const { pombo } = console;
    const recipients = ["5511922000001", "5511922000002", "5511922000003"];
    const [ids, dark] = await Promise.all([
      Promise.all(recipients.map((to) => refuse(pombo, to))),
      silence(pombo, "5511922000009"),
    ]);
    await pombo.control("DELETE", "/admin/faults");
    const page = await console.page();
    await console.visit(page, "/dead-letters");
    await page
      .getByTestId("dead.verdict")
      .getByText("4 dead letters: 1 may have arrived, 3 to fix first.")
      .waitFor();
    await console.inspect(page, "dead letters");
    await console.picture(page, "dead-letters");
    await page.getByTestId("dead.group.SEND_REJECTED.none").click();
    await page
      .getByTestId("dead.explained")
      .getByText("WhatsApp rejected what they say.")
      .waitFor();

    await page.locator(`tr[data-id="${ids[0]}"]`).getByText("SEND_REJECTED").click();
    await page.getByTestId("dead.text").fill("Right words");
    await console.inspect(page, "a dead letter");
    await page.getByRole("button", { name: "Edit and send 1 again" }).click();
    await page.getByTestId("message.verdict").getByText("The recipient has read it.").waitFor();
    expect(idOf(page)).toBe(ids[0]);
    expect((await pombo.phoneMessages(recipients[0] ?? "")).map(({ text }) => text)).toEqual([
      "Right words",
    ]);

    await console.visit(page, "/dead-letters?code=SEND_REJECTED&effect=none");
    await page.getByRole("button", { name: "Send 2 again…" }).click();
    const dialog = page.getByTestId("dead.confirm");
    await dialog.getByText("2 messages did not leave: nobody gets them twice.").waitFor();
    const late = await refuse(pombo, "5511922000004");
    await dialog.getByText("1 letter new since you started: not part of it.").waitFor();
    await dialog.getByRole("button", { name: "Send 2 again" }).click();
    await page
      .getByTestId("operation.verdict")
      .getByText("2 messages put in line again.")
      .waitFor();
    await console.inspect(page, "operation");
    for (const id of ids.slice(1))
      // oxlint-disable-next-line no-await-in-loop
      expect((await pombo.until(id, isSettled)).status).toBe("read");
    expect((await pombo.message(late)).status).toBe("failed");

    // New ids are asked for twice: by the box, and by typing how many.
    await console.visit(page, "/dead-letters?code=OUTCOME_UNKNOWN&effect=possible");
    await page.getByTestId("dead.redrive").click();
    await dialog.getByText("Same id: WhatsApp should show each once.").waitFor();
    await page.getByTestId("dead.new-ids").check();
    const anew = dialog.getByRole("button", { name: "Send 1 again, new ids" });
    expect(await anew.getAttribute("aria-disabled")).toBe("true");
    await console.inspect(page, "consent to duplicates");
    await dialog.getByLabel("Type 1 to go on").fill("1");
    await anew.click();
    await page.getByTestId("operation.verdict").getByText("1 message put in line again.").waitFor();
    await expect.poll(async () => (await pombo.phoneMessages("5511922000009")).length).toBe(2);
    expect((await pombo.message(dark)).status).toBe("failed");
  },
);
