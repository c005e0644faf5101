import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { QUICK } from "../pombo.ts";
import { noBrowser, openConsole, type OpenConsole } from "./open-console.ts";

const browserTest = test.skipIf(noBrowser);
const BASE = "/console/queues";
const REFUSED = "5511940000001";
let console: OpenConsole;
let letter: string;
let waiting: string;
let lane: string;

beforeAll(async () => {
  if (noBrowser) return undefined;
  console = await openConsole({ env: { ...QUICK, POMBO_OVERVIEW_REFRESH_MS: "500" } });
  // bull-board asks for parts of itself before it needs them.
  console.expectComplaint(/was preloaded using link preload/);
  const { pombo } = console;
  await pombo.fault("message", { nack: 400 }, { match: { to: REFUSED } });
  letter = await pombo.send(REFUSED, "refused words");
  await pombo.until(letter, ({ status }) => status === "failed");
  const { device_id: device } = pombo.ready;
  await pombo.api("POST", `/v1/devices/${device}/lane/pause`);
  waiting = await pombo.send("5511940000002", "waiting words");
  lane = `lane:${device}`;
  return () => console[Symbol.asyncDispose]();
});

/** What may have changed: both messages, and whether the lane goes. */
async function standing(): Promise<object> {
  const { pombo } = console;
  const { body } = await pombo.api("GET", `/v1/devices/${pombo.ready.device_id}/lane`);
  const messages = await Promise.all([letter, waiting].map((id) => pombo.message(id)));
  const letters = await pombo.api("GET", "/v1/dead-letters");
  return {
    paused: body["paused"],
    letters: letters.body,
    messages: messages.map(({ status, status_version: version }) => [status, version]),
  };
}

browserTest(
  "the board shows the lanes and the dead letters, and each job leads to its message",
  async () => {
    const page = await console.page();
    await page.goto(BASE);
    const main = page.getByRole("main");
    for (const name of ["webhooks", "dead letters", "sandbox"])
      // oxlint-disable-next-line no-await-in-loop
      await main.getByRole("link", { name, exact: true }).waitFor();
    await main.getByRole("link", { name: "dead letters", exact: true }).click();
    await page.getByText("SEND_REJECTED: WhatsApp rejected the message").waitFor();
    expect(await main.innerText()).not.toMatch(/\d days/);
    await page.goto(`${BASE}/queue/${lane}/${waiting}`);
    await main.getByText(`message_id:"${waiting}"`).waitFor();
    await main.getByText('status:"queued"').waitFor();
    expect(await page.locator("body").innerText()).not.toMatch(/words|5511940000002/);
    const opening = page.waitForEvent("popup");
    await page.getByRole("link", { name: "Open in the console" }).click();
    const opened = await opening;
    await opened.getByTestId("message.verdict").getByText("Somebody paused the lane").waitFor();
    expect(opened.url()).toContain(`/console/messages/${waiting}`);
  },
);

const CHANGES =
  /retry|remove|delete|clean|promote|pause\b|resume|empty|obliterate|duplicate|add job|update|edit/i;

/** Presses each button below a place of a page, and tells what stands on it and in what opens. */
async function pressAll(page: Page, path: string, below: string): Promise<string> {
  const told: string[] = [];
  // Tabs are buttons too.
  const buttons = page.locator(`${below} :is(button, [role=button]):visible`);
  const opened = page.locator("[role=dialog], [role=alertdialog], [role=menu], [role=tooltip]");
  let count = 1;
  for (let index = 0; index < count; index += 1) {
    // oxlint-disable no-await-in-loop -- one button after the other, each on a page that is new
    await page.goto(path);
    await page.getByRole("link", { name: "Open in the console" }).waitFor();
    count = await buttons.count();
    const button = buttons.nth(index);
    told.push(`${await button.getAttribute("title")} ${await button.innerText()}`);
    await button.click();
    // What opens may have to be loaded first.
    await page.waitForLoadState("networkidle");
    told.push(...(await opened.allInnerTexts()));
    // oxlint-enable no-await-in-loop
  }
  return told.join("\n");
}

browserTest("no button of the board changes anything, or asks for a change", async () => {
  const page = await console.page();
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") asked.push(`${request.method()} ${request.url()}`);
  });
  const before = await standing();
  const told = [
    await pressAll(page, `${BASE}/queue/${lane}?status=prioritized`, "body"),
    await pressAll(page, `${BASE}/queue/dead-letters/${letter}`, "main"),
  ].join("\n");
  expect(told).toMatch(/Settings[^]*Data[^]*Options[^]*Error[^]*Data/);
  expect(told).not.toMatch(CHANGES);
  expect(asked).toEqual([]);
  expect(await standing()).toEqual(before);
});

interface BoardRoutes {
  readonly api: readonly {
    readonly method: string | readonly string[];
    readonly route: string | readonly string[];
  }[];
}

/** Each way that bull-board has to change something, once at the dead letter and once at the message that waits. */
function changingRequests(): readonly { readonly method: string; readonly path: string }[] {
  const load = createRequire(join(import.meta.dirname, "../../apps/api/package.json"));
  const { appRoutes } = load("@bull-board/api/dist/routes.js") as { appRoutes: BoardRoutes };
  const places = [
    { queue: "dead-letters", job: letter, status: "failed" },
    { queue: encodeURIComponent(lane), job: waiting, status: "prioritized" },
  ];
  return appRoutes.api.flatMap((row) =>
    [row.method].flat().flatMap((method) =>
      [row.route].flat().flatMap((route) =>
        places.map(({ queue, job, status }) => ({
          method: method.toUpperCase(),
          path: route
            .replace(":queueName", queue)
            .replace(":jobId", job)
            .replace(":queueStatus", status)
            .replace(/:\w+/, "x"),
        })),
      ),
    ),
  );
}

browserTest("each way of bull-board to change something is refused to its own page", async () => {
  const page = await console.page();
  await page.goto(`${BASE}/queue/${lane}`);
  const before = await standing();
  const changing = changingRequests().filter(({ method }) => method !== "GET");
  expect(changing.length).toBeGreaterThan(30);
  console.expectComplaint(/status of 405/);
  const answers = await page.evaluate(
    `Promise.all(${JSON.stringify(changing)}.map(async ({ method, path }) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch("${BASE}" + path, { method, headers, body: "{}" });
      return [method, path, answer.status];
    }))`,
  );
  expect(answers).toEqual(changing.map(({ method, path }) => [method, path, 405]));
  expect(await standing()).toEqual(before);
});

browserTest("without a session the board is behind the sign-in, and needs ops:read", async () => {
  const page = await console.page({ key: null });
  await page.goto(`${BASE}/queue/dead-letters`);
  expect(new URL(page.url()).pathname).toBe("/console/sign-in");
  await page.getByLabel("API key").fill(console.pombo.ready.api_key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("SEND_REJECTED").first().waitFor();
  expect(new URL(page.url()).pathname).toBe(`${BASE}/queue/dead-letters`);

  const { body } = await console.pombo.api<{ key: string }>("POST", "/v1/api-keys", {
    name: "sends only",
    scopes: ["messages:send", "messages:read", "ops:write"],
    devices: "*",
  });
  console.expectComplaint(/status of 403/);
  const other = await console.page({ key: body.key });
  const place = other.getByRole("navigation").getByRole("link", { name: "Queues needs ops:read" });
  expect(await place.getAttribute("aria-disabled")).toBe("true");
  await console.inspect(other, "a page that the key may not see");
  const answer = await other.goto(BASE);
  expect(answer?.status()).toBe(403);
  expect(await answer?.text()).toContain("lacks the scope ops:read");
});
