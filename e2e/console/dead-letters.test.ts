import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { QUICK } from "../pombo.ts";
import { refuse, silence } from "./dead-letter.ts";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
let console: OpenConsole;
let page: Page;

beforeAll(async () => {
  if (noBrowser) return;
  console = await openConsole({ env: QUICK });
  page = await console.page();
});

afterAll(async () => {
  if (!noBrowser) await console[Symbol.asyncDispose]();
});

beforeEach(async () => {
  if (!noBrowser) await console.pombo.control("DELETE", "/admin/faults");
});

const letters = async (): Promise<readonly string[]> => {
  const { body } = await console.pombo.api<{ dead_letters: readonly { message_id: string }[] }>(
    "GET",
    "/v1/dead-letters",
  );
  return body.dead_letters.map(({ message_id: id }) => id);
};

const textsOn = async (phone: string): Promise<readonly string[]> =>
  (await console.pombo.phoneMessages(phone)).map(({ text }) => text);

browserTest("what may have arrived goes again under its id: the phone shows it once", async () => {
  const { pombo } = console;
  const to = "5511924000001";
  const id = await silence(pombo, to);
  await pombo.control("DELETE", "/admin/faults");
  await console.visit(page, `/dead-letters?letter=${id}`);
  const letter = page.getByTestId("dead.letter");
  await letter.getByText("May have arrived").waitFor();
  await console.inspect(page, "a letter that may have arrived");
  await letter.getByRole("button", { name: "Send 1 again" }).click();
  await page.getByTestId("message.verdict").waitFor();
  expect(page.url()).toContain(id);
  await pombo.until(id, ({ status }) => status === "sent");
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, text: "into the dark" }]);
  expect(await letters()).toEqual([]);
});

browserTest(
  "edited it is a second message: only with consent, and nothing goes before",
  async () => {
    const { pombo } = console;
    const to = "5511924000002";
    const id = await silence(pombo, to);
    await pombo.control("DELETE", "/admin/faults");
    await console.visit(page, `/dead-letters?letter=${id}`);
    const letter = page.getByTestId("dead.letter");
    const consent = page.getByRole("dialog", { name: "Send a second message" });
    await page.getByTestId("dead.text").fill("here again");
    await letter.getByRole("button", { name: "Edit and send 1 again…" }).click();
    const anew = consent.getByRole("button", { name: "Send 1 again, new id" });
    await consent.getByText("1 person may get both").waitFor();
    expect(await anew.getAttribute("aria-disabled")).toBe("true");
    await console.inspect(page, "consent to a second message");
    // A press on it does nothing, nor does the way back.
    await anew.click({ force: true });
    await consent.getByRole("button", { name: "Keep" }).click();
    await consent.waitFor({ state: "detached" });
    const refused = await pombo.api("POST", `/v1/dead-letters/${id}/redrive`, {
      text: "here again",
    });
    expect(refused.status).toBe(409);
    expect(await letters()).toEqual([id]);
    expect(await pombo.phoneMessages(to)).toMatchObject([{ id, text: "into the dark" }]);

    await letter.getByRole("button", { name: "Edit and send 1 again…" }).click();
    await consent.getByLabel("Type 1 to go on").fill("1");
    await anew.click();
    await page.getByTestId("message.verdict").waitFor();
    const second = /3EB0\w+/.exec(page.url())?.[0] ?? "";
    expect(second).not.toBe(id);
    await pombo.until(second, ({ status }) => status === "sent");
    expect(await textsOn(to)).toEqual(["into the dark", "here again"]);
    expect((await pombo.phoneMessages(to)).map((one) => one.id)).toEqual([id, second]);
    expect(await letters()).toEqual([]);
  },
);

browserTest(
  "without any filter all letters go again, each once, when their count is typed",
  async () => {
    const { pombo } = console;
    const [first, other, dark] = ["5511924000003", "5511924000004", "5511924000005"] as const;
    const ids = await Promise.all([
      refuse(pombo, first),
      refuse(pombo, other),
      silence(pombo, dark),
    ]);
    await pombo.control("DELETE", "/admin/faults");
    await console.visit(page, "/dead-letters");
    await page.getByRole("button", { name: "Send 3 again…" }).click();
    const dialog = page.getByTestId("dead.confirm");
    await dialog.getByText("2 messages did not leave: nobody gets them twice.").waitFor();
    await dialog.getByText("1 message may have arrived. Same id").waitFor();
    const again = dialog.getByRole("button", { name: "Send 3 again, same id" });
    expect(await again.getAttribute("aria-disabled")).toBe("true");
    await console.inspect(page, "all letters again");
    await dialog.getByLabel("Type 3 to go on").fill("2");
    expect(await again.getAttribute("aria-disabled")).toBe("true");
    await dialog.getByLabel("Type 3 to go on").fill("3");
    await again.click();
    await page
      .getByTestId("operation.verdict")
      .getByText("3 messages put in line again.")
      .waitFor();
    for (const id of ids)
      // oxlint-disable-next-line no-await-in-loop -- in their order
      await pombo.until(id, ({ status }) => ["sent", "read"].includes(status));
    const phones = await Promise.all(
      [first, other, dark].map((phone) => pombo.phoneMessages(phone)),
    );
    expect(phones.map((on) => on.map(({ id }) => id))).toEqual(ids.map((id) => [id]));
    expect(await letters()).toEqual([]);
  },
);
