import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { QUICK } from "../pombo.ts";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
let console: OpenConsole;
let page: Page;
let folder: string;

beforeAll(async () => {
  if (noBrowser) return;
  folder = await mkdtemp(join(tmpdir(), "pombo-actions-"));
  console = await openConsole({ env: QUICK });
  page = await console.page();
});

afterAll(async () => {
  if (noBrowser) return;
  await console[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface DeviceRecord {
  readonly state: string;
  readonly cause: string | null;
  readonly phone_number: string | null;
  readonly pace: Readonly<Record<string, number>>;
}

interface LaneRecord {
  readonly paused: boolean;
  readonly depth: { readonly total: number; readonly earlier_identity: number };
}

const deviceOf = async (id: string) =>
  (await console.pombo.api<DeviceRecord>("GET", `/v1/devices/${id}`)).body;
const laneOf = async (id: string) =>
  (await console.pombo.api<LaneRecord>("GET", `/v1/devices/${id}/lane`)).body;

/** The number of the phone is typed here, and the code that is shown there. */
async function pairByCode(phone: string): Promise<void> {
  await page.getByRole("tab", { name: "Type a code" }).click();
  await page.getByTestId("pair.phone").fill(phone);
  await page.getByTestId("pair.ask").click();
  await page.getByTestId("pair.code").waitFor();
  expect(await page.getByTestId("pair.code").textContent()).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  await console.inspect(page, "pairing by code");
  await page.getByTestId("pair.enter").click();
  await page.getByTestId("pair.linked").waitFor();
}

/** Fills in what a dialog of level 2 asks for. */
async function confirm(dialog: string, typed: string, verb: string): Promise<void> {
  const asked = page.getByTestId(dialog);
  const button = asked.getByRole("button", { name: verb });
  expect(await button.getAttribute("aria-disabled")).toBe("true");
  await asked.getByLabel(`Type ${typed} to go on`).fill(typed);
  await button.click();
  await asked.waitFor({ state: "detached" });
}

const FIRST = "5547910000001";
const BO = "5547920000001";

browserTest(
  "a device is paired by code, slowed down, stopped, logged out, and deleted",
  async () => {
    const { pombo } = console;
    await console.visit(page, "/devices?add=yes");
    await page.getByRole("dialog").getByLabel("Name").fill("sales-3");
    await page.getByRole("button", { name: "Add and pair" }).click();
    await pairByCode("+55 47 91000-0001");
    await page.getByRole("link", { name: "Open the device" }).click();
    await page.getByTestId("device.pause").waitFor();
    const id = /dev_\w+/.exec(page.url())?.[0] ?? "";
    expect(await deviceOf(id)).toMatchObject({ state: "connected", phone_number: FIRST });

    await page.getByRole("button", { name: "Edit pace…" }).click();
    const pace = page.getByTestId("device.pace");
    await pace.getByLabel("Messages a minute at most").fill("fast");
    await pace.getByRole("button", { name: "Save pace" }).click();
    await pace.getByText("A whole number, or nothing.").waitFor();
    await pace.getByLabel("Messages a minute at most").fill("600");
    await pace.getByLabel("Messages a day at most").fill("5000");
    await console.inspect(page, "pace");
    await pace.getByRole("button", { name: "Save pace" }).click();
    await pace.waitFor({ state: "detached" });
    expect((await deviceOf(id)).pace).toEqual({ per_minute: 600, daily_cap: 5_000 });
    await page.getByTestId("device.budget.all").waitFor();

    await page.getByTestId("device.pause").click();
    await page.getByTestId("device.resume").waitFor();
    expect(await laneOf(id)).toMatchObject({ paused: true });
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByTestId("device.pause").waitFor();
    expect(await laneOf(id)).toMatchObject({ paused: false });
    await page.getByTestId("device.pause").click();
    await page.getByTestId("device.resume").waitFor();

    const send = (text: string) => pombo.send(BO, text, { from: id });
    const released = [await send("one"), await send("two"), await send("three")];
    await page.getByTestId("device.waiting.lane_paused").getByText("3 wait").waitFor();
    await page.getByRole("button", { name: "Log out…" }).click();
    await page.getByTestId("device.logout").getByText("3 messages wait").waitFor();
    await console.inspect(page, "log out");
    await confirm("device.logout", "sales-3", "Log out 1 device");
    await page.getByTestId("device.pair").waitFor();
    expect(await deviceOf(id)).toMatchObject({ state: "logged_out" });

    // Another phone: what was meant to go out from the first one waits for a decision.
    await page.getByTestId("device.pair").click();
    await pairByCode("+55 47 91000-0002");
    const kept = page.getByTestId("device.quarantine");
    await kept.getByText("3 messages accepted under the earlier one wait").waitFor();
    await console.inspect(page, "quarantine");
    await page.getByTestId("device.release").click();
    await confirm("device.quarantine.dialog", "3", "Release 3");
    await kept.waitFor({ state: "detached" });
    expect((await laneOf(id)).depth).toMatchObject({ earlier_identity: 0, total: 3 });
    await page.getByRole("link", { name: "Open the device" }).click();
    await page.getByTestId("device.resume").click();
    for (const message of released)
      // oxlint-disable-next-line no-await-in-loop -- in their order
      await pombo.until(message, ({ status }) => status === "read");
    const texts = (await pombo.phoneMessages(BO)).map(({ text }) => text);
    expect(texts).toEqual(["one", "two", "three"]);

    await page.getByTestId("device.pause").click();
    await page.getByTestId("device.resume").waitFor();
    const discarded = [await send("four"), await send("five")];
    await page.getByRole("button", { name: "Log out…" }).click();
    await confirm("device.logout", "sales-3", "Log out 1 device");
    await page.getByTestId("device.pair").click();
    await pairByCode(FIRST);
    await kept.waitFor();
    await page.getByRole("link", { name: "Open the device" }).click();
    await page.getByTestId("device.discard").click();
    await confirm("device.quarantine.dialog", "2", "Discard 2");
    await kept.waitFor({ state: "detached" });
    for (const message of discarded)
      // oxlint-disable-next-line no-await-in-loop
      expect(await pombo.message(message)).toMatchObject({ status: "canceled" });

    const last = await send("six");
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByTestId("device.delete").getByText("1 waiting message is canceled").waitFor();
    await confirm("device.delete", "sales-3", "Delete 1 device");
    await page.getByRole("heading", { name: "Devices", exact: true }).waitFor();
    expect(await page.getByTestId(`devices.name.${id}`).count()).toBe(0);
    expect((await pombo.api("GET", `/v1/devices/${id}`)).status).toBe(404);
    expect(await pombo.message(last)).toMatchObject({ status: "canceled" });
    expect(await pombo.phoneMessages(BO)).toHaveLength(3);
  },
);

interface BatchRecord {
  readonly batch_id: string;
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
}

const batches = async () =>
  (await console.pombo.api<{ batches: readonly BatchRecord[] }>("GET", "/v1/batches")).body.batches;

/** What a person does between choosing a file and sending it. @returns how many rows it would send */
async function lookAt(template: string): Promise<number> {
  await page.getByTestId("upload.from").selectOption({ label: "sandbox" });
  await page.getByTestId("upload.template").fill(template);
  await page.getByTestId("upload.preview").click();
  await page.getByTestId("preview.verdict").waitFor();
  return Number(await page.getByTestId("preview.accepted").getAttribute("data-value"));
}

const batchOf = async (): Promise<BatchRecord> => {
  await page.getByTestId("batch.verdict").waitFor();
  const id = /bat_\w+/.exec(page.url())?.[0] ?? "";
  return (await console.pombo.api<BatchRecord>("GET", `/v1/batches/${id}`)).body;
};

const ROWS = 600;
const WIRE = 150_000;

browserTest(
  "an upload that is cut goes on, also in a page that was loaded anew; each row is sent once",
  async () => {
    const { pombo } = console;
    const file = join(folder, "long.csv");
    const numberOf = (row: number) => `554793${String(row).padStart(7, "0")}`;
    const lines = Array.from(
      { length: ROWS },
      (_, row) => `${numberOf(row)},${"long ".repeat(200)}${row}`,
    );
    await writeFile(file, `to,words\n${lines.join("\n")}\n`);
    await console.visit(page, "/batches/new");
    await page.getByTestId("upload.file").setInputFiles(file);
    expect(await lookAt("{{words}}")).toBe(ROWS);
    const network = await page.context().newCDPSession(page);
    const wire = (uploadThroughput: number) =>
      network.send("Network.emulateNetworkConditions", {
        offline: false,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput,
      });
    console.expectComplaint(/ERR_|status of 50/);
    const stored = () =>
      eventually(
        batches,
        (all) => (all[0]?.counts["accepted"] ?? 0) > 0 && all[0]?.status === "receiving",
      );
    await wire(WIRE);
    await page.getByTestId("upload.start").click();
    await stored();
    for (const pid of (await pombo.living()).api) process.kill(pid, "SIGKILL");
    await page.getByTestId("upload.start-panel").getByText("What has arrived is kept").waitFor();
    const answers = (): Promise<number> =>
      fetch(`${pombo.ready.api_url}/health/live`).then(
        ({ status }) => status,
        () => 0,
      );
    await eventually(answers, (status) => status === 200);
    await page.getByRole("button", { name: "Go on with the upload" }).click();
    await page.getByTestId("upload.progress").waitFor();
    await page.getByRole("button", { name: "Stop the upload" }).click();
    await page.getByTestId("upload.start-panel").getByText("Stopped.").waitFor();
    await page.reload();
    await wire(-1);
    await page.getByTestId("upload.file").setInputFiles(file);
    expect(await lookAt("{{words}}")).toBe(ROWS);
    await page.getByRole("button", { name: "Go on with the upload" }).click();
    await page
      .getByText(`Done: all ${ROWS.toLocaleString("en")} messages were acknowledged.`)
      .waitFor({ timeout: 60_000 });
    expect((await batches()).filter(({ counts }) => counts["accepted"] === ROWS)).toHaveLength(1);
    for (const row of [0, ROWS / 2, ROWS - 1])
      // oxlint-disable-next-line no-await-in-loop
      expect(await pombo.phoneMessages(numberOf(row))).toMatchObject([{ copies: 1 }]);
  },
);

/** A file from the desktop, let go over a point of the window. */
async function drop(file: string, at: { readonly x: number; readonly y: number }): Promise<void> {
  const input = await page.context().newCDPSession(page);
  const data = { items: [], files: [file], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await input.send("Input.dispatchDragEvent", { type, ...at, data });
}

browserTest(
  "CSV is dropped, NDJSON and JSON are chosen; results, what was left out, and what failed",
  async () => {
    const { pombo } = console;
    const [ana, bo, cy] = ["5547940000001", "5547940000002", "5547940000003"];
    const csv = join(folder, "dropped.csv");
    await writeFile(csv, `to,name\n${ana},Ana\n12,=Bad\n`);
    await console.visit(page, "/batches/new");
    const here = page.url();
    await drop(csv, { x: 400, y: 700 });
    await drop(csv, { x: 400, y: 20 });
    expect(page.url()).toBe(here);
    const area = await page.getByTestId("upload.drop").boundingBox();
    await drop(csv, { x: (area?.x ?? 0) + 20, y: (area?.y ?? 0) + 20 });
    await page.getByTestId("upload.chosen").getByText("dropped.csv").waitFor();
    expect(await lookAt("Hello {{name}}")).toBe(1);
    await page.getByTestId("upload.start").click();
    await page.getByTestId("batch.verdict").getByText(/^Done/).waitFor();
    expect((await batchOf()).counts).toMatchObject({ accepted: 1, invalid: 1 });
    const results = page.waitForEvent("download");
    await page.getByTestId("batch.results").click();
    expect(await readFile(await (await results).path(), "utf8")).toContain(ana);

    for (const [name, text, to] of [
      ["rows.ndjson", `{"to":"${bo}","name":"Bo"}\n`, bo],
      ["rows.json", JSON.stringify({ rows: [{ to: cy, name: "Cy" }] }), cy],
    ] as const) {
      await writeFile(join(folder, name), text);
      await console.visit(page, "/batches/new");
      await page.getByTestId("upload.file").setInputFiles(join(folder, name));
      if (to === cy) await pombo.fault("message", { nack: 400 }, { match: { to } });
      expect(await lookAt("Hello {{name}}")).toBe(1);
      await page.getByTestId("upload.start").click();
      await page.getByTestId("batch.verdict").getByText(/^Done/).waitFor();
      if (to === bo)
        expect((await pombo.phoneMessages(bo)).map((it) => it.text)).toEqual(["Hello Bo"]);
    }
    const failed = page.getByTestId("batch.failure.SEND_REJECTED");
    await failed.getByRole("button", { name: "Send again …" }).click();
    await page.getByTestId("dead.confirm").getByRole("button", { name: "Send 1 again" }).click();
    await page.getByTestId("operation.verdict").getByText("1 message put in line again.").waitFor();
    await expect
      .poll(async () => (await pombo.phoneMessages(cy)).map((it) => it.text))
      .toEqual(["Hello Cy"]);
  },
);
