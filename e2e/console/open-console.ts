import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { environment } from "../config.ts";
import { Pombo } from "../pombo.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PICTURES = join(ROOT, "docs", "pictures");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) =>
  existsSync(path),
);

/** For `test.skipIf`: where there is no Chromium, tests of the console are skipped, and named as such. */
export const noBrowser = CHROMIUM === undefined;

/** What `QUICK` is for other tests of the whole product: nothing of what is asked leaves the machine, and nothing is waited for that can be had. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const THEMES = ["light", "dark"] as const;
export const WIDTHS = [1280, 390] as const;
const HEIGHT = 800;

interface PageOptions {
  /** The API key to sign in with; the administrator's when absent, nobody's when null. */
  readonly key?: string | null;
}

/** Pombo and a browser that looks at its console. Disposing fails when a page complained meanwhile. */
export interface OpenConsole extends AsyncDisposable {
  readonly pombo: Pombo;
  /** A page of its own browser profile, signed in. */
  page(options?: PageOptions): Promise<Page>;
  /** Goes to a page below `/console` and waits for its heading. */
  visit(page: Page, path: string): Promise<void>;
  /** Looks at the page as it stands, in both themes and widths: no serious finding of axe, nothing wider than the window. */
  inspect(page: Page, name: string): Promise<void>;
  /** A picture for the docs, when `POMBO_PICTURES=1`. */
  picture(page: Page, name: string): Promise<void>;
  /** A complaint that the test provokes, like the line that browsers write for a 401. */
  expectComplaint(pattern: RegExp): void;
}

interface ConsoleOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Builds the console where its sources have changed, starts Pombo and a browser. */
export async function openConsole({
  env = {},
  args = [],
}: ConsoleOptions = {}): Promise<OpenConsole> {
  await promisify(execFile)(process.execPath, [join(ROOT, "apps", "console", "build.mjs")]);
  await using opened = new AsyncDisposableStack();
  const pombo = opened.use(await Pombo.start({ env, args }));
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: FLAGS });
  opened.defer(() => browser.close());
  const complaints = new Complaints(new URL(pombo.ready.api_url).host);
  const stack = opened.move();
  return {
    pombo,
    page: (options = {}) => openPage({ browser, pombo, complaints }, options),
    visit: (page, path) => visit(page, pombo.ready.api_url, path),
    inspect: (page, name) => inspect(page, name),
    picture: (page, name) => picture(page, name),
    expectComplaint: (pattern) => complaints.expect(pattern),
    [Symbol.asyncDispose]: async () => {
      await stack.disposeAsync();
      complaints.raise();
    },
  };
}

/** Console errors, violations of the policy (which are errors too), what broke, and requests to anybody else. */
class Complaints {
  readonly #host: string;
  readonly #heard: string[] = [];
  readonly #expected: RegExp[] = [];

  constructor(host: string) {
    this.#host = host;
  }

  expect(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  listenTo(context: BrowserContext): void {
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning")
        this.#hear(`${message.type()}: ${message.text()} at ${message.location().url}`);
    });
    context.on("weberror", (event) => this.#hear(`uncaught: ${String(event.error())}`));
    context.on("request", (request) => {
      const { host, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && host !== this.#host)
        this.#hear(`foreign request: ${request.url()}`);
    });
  }

  raise(): void {
    if (this.#heard.length > 0) throw new Error(`pages complained:\n${this.#heard.join("\n")}`);
  }

  #hear(complaint: string): void {
    if (!this.#expected.some((pattern) => pattern.test(complaint))) this.#heard.push(complaint);
  }
}

interface PageDeps {
  readonly browser: Browser;
  readonly pombo: Pombo;
  readonly complaints: Complaints;
}

async function openPage(
  { browser, pombo, complaints }: PageDeps,
  { key = pombo.ready.api_key }: PageOptions,
): Promise<Page> {
  const context = await browser.newContext({
    baseURL: pombo.ready.api_url,
    viewport: { width: WIDTHS[0], height: HEIGHT },
    reducedMotion: "reduce",
  });
  complaints.listenTo(context);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  if (key === null) return page;
  await page.goto("/console/sign-in");
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByTestId("page.title").waitFor();
  return page;
}

async function visit(page: Page, url: string, path: string): Promise<void> {
  await page.goto(`${url}/console${path}`);
  await page.getByTestId("page.title").waitFor();
}

async function inspect(page: Page, name: string): Promise<void> {
  const found: string[] = [];
  for (const theme of THEMES)
    for (const width of WIDTHS) {
      // oxlint-disable no-await-in-loop -- one look after the other
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: HEIGHT });
      const where = `${name}, ${theme}, ${width} px`;
      for (const finding of await findings(page)) found.push(`${where}: ${finding}`);
      const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      if (Number(wide) > 0) found.push(`${where}: ${String(wide)} px wider than the window`);
      // oxlint-enable no-await-in-loop
    }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT });
  if (found.length > 0) throw new Error(found.join("\n"));
}

const RUN_AXE = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, help, nodes }) => id + ": " + help + " " + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")))`;

async function findings(page: Page): Promise<readonly string[]> {
  // By the debugger's own way in: the policy of the page allows no foreign script, and needs no exception.
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(axe.source);
  return page.evaluate(RUN_AXE);
}

async function picture(page: Page, name: string): Promise<void> {
  if (environment["POMBO_PICTURES"] !== "1") return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}
