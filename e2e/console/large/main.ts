import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { DEFAULT_SETTINGS, type DeviceId, mintDeviceId, mintMessageId } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import type { Page } from "playwright-core";
import { lookIntoRedis } from "../../look-into-redis.ts";
import { openConsole } from "../open-console.ts";

/**
 * The console before very many devices and messages: `node e2e/console/large/main.ts [--devices 1000] [--messages 1000000] [--seconds 60]`.
 * Prints what was measured; ends with 1 where a limit was missed. Linux only: the CPU time of the API is the system's count.
 */
const { values } = parseArgs({
  options: {
    devices: { type: "string", default: "1000" },
    messages: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "60" },
  },
});
const deviceCount = Number(values.devices);
const messageCount = Number(values.messages);
const seconds = Number(values.seconds);
const AT_ONCE = 1_000;
const FIRST_NUMBER = 5_521_900_000_000;
const PEOPLE = 50_000;
const KNOWN = {
  number: FIRST_NUMBER,
  shows: `tr[data-id]:has-text("${String(FIRST_NUMBER).slice(-4)}")`,
};
const UNKNOWN = { number: FIRST_NUMBER - 1, shows: "text=No message has these filters." };
/** Of the system's clock, in which it counts CPU time. */
const TICKS_A_SECOND = 100;

const wrong: string[] = [];
function check(what: string, seen: number, most: number, unit: string): void {
  console.log(`${seen <= most ? "✓" : "✗"} ${what}: ${seen} ${unit} (at most ${most})`);
  if (seen > most) wrong.push(what);
}

await using opened = await openConsole();
const { pombo } = opened;
{
  await using view = await lookIntoRedis(pombo);
  const ledger = openLedger({ redis: view.redis, keys: view.keys, settings: DEFAULT_SETTINGS });
  const began = performance.now();
  const ids: DeviceId[] = [];
  for (let index = 0; index < deviceCount; index += 1) {
    const id = mintDeviceId(randomBytes(8));
    ids.push(id);
    // oxlint-disable-next-line no-await-in-loop -- one after the other: their order is that of their names
    await ledger.createDevice({ id, name: `large-${index}`, keyId: "key_1", at: Date.now() });
  }
  for (let done = 0; done < messageCount; done += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, messageCount - done) }, (_, index) =>
      ledger.accept({
        id: mintMessageId(randomBytes(9)),
        deviceId: ids[(done + index) % ids.length] ?? mintDeviceId(randomBytes(8)),
        recipient: String(FIRST_NUMBER + ((done + index) % PEOPLE)),
        content: { kind: "text", text: "one of very many" },
        priority: "bulk",
        keyId: "key_1",
        at: Date.now(),
      }),
    );
    // oxlint-disable-next-line no-await-in-loop -- a thousand at a time
    await Promise.all(some);
  }
  console.log(
    `${deviceCount} devices, ${messageCount} messages in ${Math.round((performance.now() - began) / 1_000)} s`,
  );
}

const page = await opened.page();
check("overview, first paint", await firstPaint("/"), 2_000, "ms");
check("overview, numbers", await timeUntil(page, "/", "overview.waiting"), 2_000, "ms");
check("API CPU, overview open", await cpuShare(), 5, "% of a core");
check("devices, first paint", await firstPaint("/devices"), 2_000, "ms");
check("devices, rows", await timeUntil(page, "/devices", "devices.table"), 2_000, "ms");
check("rows in the document while scrolling", await scroll(page), 60, "rows");
check("search among all devices", await search(page), 100, "ms");
check("API CPU, devices open", await cpuShare(), 5, "% of a core");
check("messages, first paint", await firstPaint("/messages"), 2_000, "ms");
check("messages, rows", await timeUntil(page, "/messages", "messages.table"), 2_000, "ms");
check("rows in the document while scrolling", await scroll(page), 60, "rows");
check("the newest message to one number", await searchNumber(page, KNOWN), 2_000, "ms");
check("… to a number without any", await searchNumber(page, UNKNOWN), 15_000, "ms");
check("API CPU, messages open", await cpuShare(), 5, "% of a core");
process.exitCode = wrong.length > 0 ? 1 : 0;

async function firstPaint(path: string): Promise<number> {
  await opened.visit(page, path);
  // The browser tells of a paint some time after it. Playwright's own waiting would evaluate text in the page, which its policy forbids.
  const told = await page.evaluate(`new Promise((resolve) => {
    const look = () => {
      const paint = performance.getEntriesByName("first-contentful-paint")[0];
      if (paint === undefined) requestAnimationFrame(look);
      else resolve(paint.startTime);
    };
    look();
  })`);
  return Math.round(Number(told));
}

async function timeUntil(on: Page, path: string, testId: string): Promise<number> {
  const began = performance.now();
  await opened.visit(on, path);
  await on.getByTestId(testId).waitFor();
  return Math.round(performance.now() - began);
}

/** The most rows that stood in the document at any step from the top to the end. */
async function scroll(on: Page): Promise<number> {
  return Number(
    await on.evaluate(`(async () => {
      let most = 0;
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      for (let y = 0; y < document.documentElement.scrollHeight; y += 400) {
        window.scrollTo(0, y);
        await frame();
        await frame();
        most = Math.max(most, document.querySelectorAll("tbody tr").length);
      }
      window.scrollTo(0, 0);
      return most;
    })()`),
  );
}

/** From the last key to a table that has one row left. */
async function search(on: Page): Promise<number> {
  const field = on.getByTestId("devices.search");
  await field.fill("");
  const name = `large-${deviceCount - 1}`;
  await field.pressSequentially(name.slice(0, -1));
  const began = performance.now();
  await field.press(name.slice(-1));
  await on.locator('[data-testid="devices.table"][data-rows="1"]').waitFor();
  const took = Math.round(performance.now() - began);
  await field.fill("");
  return took;
}

/** From Enter to the first row, or to the word that there is none: by number all messages are looked through, newest first. */
async function searchNumber(on: Page, { number, shows }: typeof KNOWN): Promise<number> {
  const field = on.getByTestId("messages.search");
  await field.fill(`+${number}`);
  const began = performance.now();
  await field.press("Enter");
  await on.waitForURL(`**/messages#to=${number}`);
  await on.locator(shows).first().waitFor({ timeout: 60_000 });
  return Math.round(performance.now() - began);
}

/** CPU time of the API while the page is only looked at. */
async function cpuShare(): Promise<number> {
  const before = await cpuSeconds();
  await page.waitForTimeout(seconds * 1_000);
  const used = (await cpuSeconds()) - before;
  return Math.round((1_000 * used) / seconds) / 10;
}

async function cpuSeconds(): Promise<number> {
  const text = await readFile(`/proc/${pombo.ready.pids.api[0]}/stat`, "utf8");
  // Behind the name, which may hold anything: state is the third field, user and system time are 14 and 15.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
