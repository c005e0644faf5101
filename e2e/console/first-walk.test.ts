import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { QUICK } from "../pombo.ts";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
const ROWS = 1_000;
const ANA = "5511900000002";
const BEA = "5511900000003";
/** Whose phone the second device is linked to. */
const SHOP = "5511900000007";

let console: OpenConsole;
let folder: string;

beforeAll(async () => {
  if (noBrowser) return;
  folder = await mkdtemp(join(tmpdir(), "pombo-walk-"));
  // A hold as long as in production: there is time to read why.
  console = await openConsole({ env: { ...QUICK, POMBO_HOLD_MS: "3600000" } });
});

afterAll(async () => {
  if (noBrowser) return;
  await console[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** With nothing but what `npm start` printed. */
async function signIn(): Promise<Page> {
  const said = console.pombo.said();
  const url = /Pombo is running: (\S+)/.exec(said)?.[1] ?? "";
  const key = await readFile(/API key: (\S+)/.exec(said)?.[1] ?? "", "utf8");
  const page = await console.page({ key: null });
  await page.goto(`${url}/console`);
  await page.getByLabel("API key").fill(key.trim());
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByTestId("page.title").waitFor();
  return page;
}

async function openChat(page: Page, phone: string, device: string): Promise<void> {
  await console.visit(page, `/sandbox#${phone}`);
  const choice = page.getByTestId("sandbox.with").locator("option", { hasText: device });
  await choice.waitFor({ state: "attached" });
  const number = (await choice.getAttribute("value")) ?? "";
  await page.getByTestId("sandbox.with").selectOption(number);
}

/** @returns the id of the message */
async function send(page: Page, text: string): Promise<string> {
  const chosen = (): string => new URL(page.url()).searchParams.get("message") ?? "";
  const before = chosen();
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByTestId("sandbox.send").click();
  await expect.poll(chosen).not.toBe(before);
  return chosen();
}

async function switchOn(page: Page, fault: string): Promise<void> {
  await page.getByTestId("sandbox.fault").selectOption(fault);
  await page.getByRole("button", { name: "Switch on" }).click();
  await page.getByTestId("faults").getByText("1 fault on").waitFor();
}

async function pairShop(page: Page): Promise<void> {
  const { pombo } = console;
  await pombo.api("POST", "/v1/devices", { name: "shop" });
  await console.visit(page, `/sandbox#${SHOP}`);
  await page.getByRole("button", { name: "Link a device" }).click();
  await page.getByTestId("sandbox.link").getByLabel("Device").waitFor();
  await console.inspect(page, "linking a device");
  await page.getByRole("button", { name: "Scan its QR code" }).click();
  await page.getByText("The device is linked to this phone.").waitFor();
}

async function uploadRows(page: Page): Promise<void> {
  const file = join(folder, "people.csv");
  const rows = Array.from({ length: ROWS }, (_, row) => `55119300${String(row).padStart(5, "0")}`);
  await writeFile(file, `to,name\n${rows.map((to, row) => `${to},Person ${row}`).join("\n")}\n`);
  await console.visit(page, "/batches/new");
  await page.getByTestId("upload.file").setInputFiles(file);
  await page.getByTestId("upload.from").selectOption({ label: "sandbox" });
  await page.getByTestId("upload.template").fill("Hello {{name}}, your order is ready.");
  await page.getByTestId("upload.preview").click();
  await page.getByTestId("preview.accepted").getByText("1,000").waitFor();
  await page.getByTestId("upload.start").click();
  await page.getByTestId("batch.pause").click();
  await page.getByTestId("batch.status").getByText("Paused").waitFor();
  await console.picture(page, "batch-paused");
  await page.getByTestId("batch.resume").click();
  await page.getByTestId("batch.pause").waitFor();
  await expect
    .poll(() => page.getByTestId("batch.with-whatsapp").getAttribute("data-value").then(Number))
    .toBeGreaterThan(0);
}

browserTest(
  "a first walk: from what npm start prints to a 463 that explains itself",
  async () => {
    const { pombo } = console;
    const page = await signIn();
    await pairShop(page);

    await openChat(page, ANA, "shop");
    const hello = await send(page, "Your parcel leaves today.");
    const bubble = page.getByTestId(`sandbox.message.${hello}`);
    await bubble.getByText("Your parcel leaves today.").waitFor();
    await bubble.getByText("Read", { exact: true }).waitFor();
    await page.getByRole("textbox", { name: "Message" }).fill("Thank you!");
    await page.getByTestId("sandbox.write").click();
    await page.getByTestId("sandbox.chat").getByText("Thank you!").waitFor();
    const story = page.getByTestId("sandbox.story");
    await story.getByText("reported: read").waitFor();
    expect(await story.innerText()).toMatch(
      /accepted[^]*attempt 1[^]*acknowledged[^]*reported: read/,
    );
    await console.inspect(page, "a chat");
    await console.picture(page, "sandbox");

    await openChat(page, BEA, "shop");
    await switchOn(page, "new_chats_refused");
    const held = await send(page, "Hello Bea, we have news.");
    await page.getByTestId("sandbox.verdict").getByText("WhatsApp limits new chats").waitFor();
    await story.getByText("refused with 463").waitFor();
    await page.getByTestId("sandbox.next").getByRole("timer").waitFor();
    await page.getByTestId(`sandbox.message.${held}`).getByText("Waiting: account hold").waitFor();
    await console.inspect(page, "a hold");
    await console.picture(page, "hold-explained");
    expect(await pombo.message(held)).toMatchObject({ blocked_by: "account_hold", attempts: 1 });

    await openChat(page, ANA, "sandbox");
    await switchOn(page, "refused");
    const dead = await send(page, "Wrong words");
    await page.getByTestId("sandbox.verdict").getByText("It failed").waitFor();
    await page.getByRole("link", { name: "Its dead letter" }).click();
    await page.getByTestId("dead.text").fill("Right words");
    await console.picture(page, "letter-edited");
    await page.getByRole("button", { name: "Edit and send 1 again" }).click();
    await page.getByTestId("message.verdict").getByText("The recipient has read it.").waitFor();
    const texts = (await pombo.phoneMessages(ANA)).filter(({ id }) => id === dead);
    expect(texts).toMatchObject([{ text: "Right words", copies: 1 }]);

    await uploadRows(page);
  },
  180_000,
);
