import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { QUICK } from "../pombo.ts";
import { noBrowser, type OpenConsole, openConsole } from "./open-console.ts";

let console_: OpenConsole;
let page: Page;

beforeAll(async () => {
  if (noBrowser) return;
  console_ = await openConsole({
    env: { ...QUICK, POMBO_OVERVIEW_REFRESH_MS: "500", POMBO_WORKER_TTL_MS: "4000" },
    args: ["--workers", "2", "--no-restart"],
  });
  page = await console_.page();
}, 180_000);
afterAll(() => console_?.[Symbol.asyncDispose]());

/** The unformatted number of an element. */
async function valueOf(testId: string): Promise<number> {
  return Number(await page.getByTestId(testId).getAttribute("data-value"));
}

test.skipIf(noBrowser)(
  "the numbers of the overview are the API's and the phones'",
  async () => {
    const { pombo } = console_;
    const bad = "5511930000009";
    await pombo.fault("message", { nack: 400 }, { match: { to: bad } });
    const numbers = ["5511930000001", "5511930000002", "5511930000003"];
    const ids = await Promise.all([...numbers, bad].map((to) => pombo.send(to, "counted")));
    await Promise.all(
      ids.map((id) => pombo.until(id, ({ status }) => ["read", "failed"].includes(status))),
    );
    await console_.visit(page, "/");
    await expect.poll(() => valueOf("overview.accepted"), { timeout: 10_000 }).toBe(ids.length);
    await expect.poll(() => valueOf("overview.failure.SEND_REJECTED")).toBe(1);
    const { body } = await pombo.api<{ totals: Record<string, number>; depth: { total: number } }>(
      "GET",
      "/v1/overview",
    );
    const arrived = await Promise.all(numbers.map((to) => pombo.phoneMessages(to)));
    expect(await valueOf("overview.acked")).toBe(body.totals["sent"]);
    expect(body.totals["sent"]).toBe(arrived.flat().length);
    expect(await valueOf("overview.failed")).toBe(body.totals["failed"]);
    expect(await valueOf("overview.waiting")).toBe(body.depth.total);
    expect(await valueOf("overview.devices.connected")).toBe(1);
    await console_.inspect(page, "overview");
    await console_.picture(page, "overview");
  },
  60_000,
);

test.skipIf(noBrowser)(
  "a lane that is paused says so, gate by gate, and goes on",
  async () => {
    const { pombo } = console_;
    const id = pombo.ready.device_id;
    await console_.visit(page, "/devices");
    await page.getByTestId(`devices.name.${id}`).click();
    await page.getByTestId("device.pause").click();
    const message = await pombo.send("5511930000004", "later");
    await expect
      .poll(() => page.getByTestId("device.gate.pause").getAttribute("data-state"))
      .toBe("stop");
    await expect.poll(() => valueOf("device.waiting.lane_paused"), { timeout: 10_000 }).toBe(1);
    await expect
      .poll(() => page.getByTestId("device.why.sentence").textContent())
      .toContain("The lane is paused");
    expect(await page.getByTestId("device.gate.throttle").getAttribute("data-state")).toBe(
      "not_reached",
    );
    await console_.inspect(page, "device");
    await console_.picture(page, "device");
    await page.getByTestId("device.resume").click();
    await pombo.until(message, ({ status }) => status === "read");
    await page.getByTestId("device.pause").waitFor();
  },
  60_000,
);

test.skipIf(noBrowser)(
  "a second device is paired by a phone that scans its code",
  async () => {
    await console_.visit(page, "/devices?add=yes");
    await page.getByLabel("Name").last().fill("second");
    await page.getByRole("button", { name: "Add and pair" }).click();
    const qr = page.getByTestId("pair.qr");
    await qr.waitFor();
    const box = await qr.boundingBox();
    expect(box?.width).toBeGreaterThanOrEqual(280);
    await page.getByTestId("pair.countdown").waitFor();
    await console_.inspect(page, "pair");
    await console_.picture(page, "pair");
    await page.getByTestId("pair.scan").click();
    await page.getByTestId("pair.linked").waitFor();
    expect(await page.getByTestId("pair.step.connected").getAttribute("data-state")).toBe("done");
    await console_.visit(page, "/devices");
    await expect.poll(() => page.getByText("second").count()).toBeGreaterThan(0);
    await console_.inspect(page, "devices");
    await console_.picture(page, "devices");
  },
  60_000,
);

test.skipIf(noBrowser)(
  "a worker that dies is told at once, and so is who took over; a Redis that is silent too",
  async () => {
    const { pombo } = console_;
    await console_.visit(page, "/");
    await page.getByTestId("overview.worker.worker-1").waitFor();
    const owner = async (): Promise<string> => {
      const { body } = await pombo.api<{ owner: string | null }>(
        "GET",
        `/v1/devices/${pombo.ready.device_id}/lane`,
      );
      return body.owner ?? "";
    };
    const lost = await owner();
    const [first, second] = (await pombo.living()).worker;
    const pid = lost === "worker-1" ? first : second;
    if (pid === undefined) throw new Error(`no process of ${lost}`);
    process.kill(pid, "SIGKILL");
    const killed = Date.now();
    await page
      .locator(
        `[data-testid="overview.worker.${lost}"][data-state="silent"], [data-testid="overview.gone.${lost}"]`,
      )
      .first()
      .waitFor();
    expect(Date.now() - killed).toBeLessThan(5_000);
    await expect.poll(owner, { timeout: 20_000, interval: 100 }).not.toBe(lost);
    const taken = Date.now();
    await page.locator(`[data-testid="overview.gone.${lost}"][data-state="taken_over"]`).waitFor();
    expect(Date.now() - taken).toBeLessThan(5_000);

    console_.expectComplaint(/status of 503|ERR_/);
    process.kill(pombo.ready.pids.redis, "SIGSTOP");
    const silent = Date.now();
    await page.getByTestId("overview.outage").waitFor();
    expect(Date.now() - silent).toBeLessThan(5_000);
    await page.locator('[data-testid="live"][data-state="outage"]').waitFor();
    process.kill(pombo.ready.pids.redis, "SIGCONT");
    await page.getByTestId("overview.outage").waitFor({ state: "detached" });
    await page.locator('[data-testid="live"][data-state="live"]').waitFor();
    await page.locator('[data-testid="overview"][data-state="live"]').waitFor();
  },
  90_000,
);
