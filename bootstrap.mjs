// Runs every `npm` task of this repository on a bare machine: Node 20 or later and npm are enough.
//
//   npm start | test | run check | run trials | run pombo | run simulator | run bench | run chaos | run fuzz   ─►  node bootstrap.mjs <task> [arguments]
//
// It brings the packages when they are missing or changed, then hands over to the pinned Node of node_modules/.bin. It stays as
// the parent: forwards signals, passes the exit code on, and when it dies itself the closed IPC channel tells the child to end.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(fileURLToPath(import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");
const STAMP = join(ROOT, "node_modules", ".pombo-installed");
const PNPM = "pnpm@12.21.0";
const OLDEST_NODE = 20;

const TASKS = {
  start: (args) => withConsole(() => runProgram("apps/cli/src/main.ts", ["up", ...args])),
  pombo: (args) => runProgram("apps/cli/src/main.ts", args),
  simulator: (args) => runProgram("apps/simulator/src/main.ts", args),
  bench: (args) => runProgram("bench/main.ts", args),
  chaos: (args) => runProgram("e2e/chaos/main.ts", args),
  fuzz: (args) => runProgram("e2e/fuzz/main.ts", args),
  check: (args) => check(["unit"], args),
  test: async (args) => {
    await bringBrowser();
    return withConsole(() => check(["unit", "system", "e2e", "alone"], args));
  },
  trials: (args) => withConsole(() => check(["trials", "trials-alone"], args, [])),
  exec: ([tool, ...args]) => runTool({ tool, args, stdio: "inherit" }).then((end) => end.code),
};

const STEPS = [
  { says: "format", tool: "oxfmt", args: ["--check"] },
  { says: "lint", tool: "oxlint", args: ["--type-aware"], onFailure: ["--quiet"] },
  { says: "types", tool: "tsc", args: ["-b"] },
  { says: "dead code", tool: "knip", args: [] },
];

const children = new Set();
let stopping = false;

await main();

async function main() {
  const [, , name = "", ...args] = process.argv;
  const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
  if (task === undefined) return refuse(2, `Say one of: ${Object.keys(TASKS).join(", ")}.`);
  const major = Number(process.versions.node.split(".")[0]);
  if (major < OLDEST_NODE)
    return refuse(1, `Pombo needs Node ${OLDEST_NODE} or later; this is ${process.version}.`);
  const watch = forwardSignals();
  const refused = await bringPackages();
  // Not process.exit(): standard output may be a pipe that isn't empty yet.
  if (refused === undefined) process.exitCode = await task(args);
  else refuse(1, refused);
  clearInterval(watch);
}

function refuse(code, says) {
  process.stderr.write(`${says}\n`);
  process.exitCode = code;
}

// Packages

/** Installs when what is installed isn't what the lock file says. Gives a sentence when that fails. */
async function bringPackages() {
  const wanted = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted && existsSync(join(BIN, "node")))
    return undefined;
  process.stderr.write("Installing packages (the first time takes about a minute) …\n");
  const args = [
    "--yes",
    PNPM,
    "install",
    "--frozen-lockfile",
    "--config.confirmModulesPurge=false",
  ];
  const { code } = await run("npx", args, { env: installEnvironment(), stdio: "inherit" });
  if (stopping) return "Installing was interrupted; the next run goes on with it.";
  if (code !== 0)
    return `The packages could not be installed (pnpm ended with ${code}, its reason stands above; often the npm registry can't be reached): mend that and run the same command again.`;
  if (!existsSync(join(BIN, "node")))
    return "The packages are there, but not the Node that belongs to them: allow install scripts (npm config ignore-scripts), delete node_modules and run the same command again.";
  writeFileSync(STAMP, wanted);
  return undefined;
}

/** What decides about the installed packages. */
function fingerprint() {
  const members = ["apps", "packages"].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .toSorted()
      .map((name) => join(folder, name, "package.json")),
  );
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...members]) {
    const path = join(ROOT, file);
    if (existsSync(path)) hash.update(`${file}\n`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/** Development packages are needed by every task, and the build script of `node` too, whatever the surroundings prefer. */
function installEnvironment() {
  const env = { ...process.env };
  delete env.NODE_ENV;
  for (const name of Object.keys(env))
    if (/^npm_config_(production|only|omit|include|dev|global|prefix|ignore_scripts)$/i.test(name))
      delete env[name];
  return env;
}

// Processes

function stop() {
  stopping = true;
  for (const child of children) child.kill("SIGTERM");
}

function forwardSignals() {
  const parent = process.ppid;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  process.stdout.on("error", () => undefined); // who read it is gone
  process.stderr.on("error", () => undefined);
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  // npm killed by −9, or a shell between it and us that took the signal alone: we have another parent then.
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    stop();
  }, 1_000);
  return look;
}

/** The console is tested in Chromium. Without one, and without the right to install it, those tests are skipped. */
async function bringBrowser() {
  const there = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].some((path) => existsSync(path));
  if (there) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    process.stderr.write(
      "Installing Chromium for the tests of the console (once, a minute or two) …\n",
    );
    const env = { ...environment(), DEBIAN_FRONTEND: "noninteractive" };
    const options = { env, stdio: ["ignore", "ignore", "inherit"] };
    await run("apt-get", ["update", "-qq"], options);
    const install = ["install", "-y", "-qq", "--no-install-recommends", "chromium"];
    const { code } = await run("apt-get", install, options);
    if (code === 0) return;
  }
  process.stderr.write(
    "The tests of the console in a browser are skipped: there is no Chromium (apt-get install chromium).\n",
  );
}

/** The pages of the console are built first, where their sources have changed; else this takes a moment. */
async function withConsole(task) {
  const code = await runProgram("apps/console/build.mjs", []);
  if (code === 0) return task();
  if (!stopping) process.stderr.write("The console could not be built; the reason stands above.\n");
  return code;
}

/** A program of ours. The IPC channel is its life line: it ends when the channel closes. */
async function runProgram(file, args) {
  if (!existsSync(join(ROOT, file))) {
    process.stderr.write(`There is no ${file} yet.\n`);
    return 1;
  }
  const options = { env: environment(), stdio: ["inherit", "inherit", "inherit", "ipc"] };
  const { code } = await run(join(BIN, "node"), [join(ROOT, file), ...args], options);
  return code;
}

function runTool({ tool, args, stdio }) {
  const env = environment();
  delete env.NODE_ENV;
  return run(join(BIN, tool), args, { env, stdio });
}

/** Node keeps what it has compiled: every process of ours starts in two thirds of the time. */
function environment() {
  return {
    NODE_COMPILE_CACHE: join(ROOT, "node_modules", ".cache", "node"),
    ...process.env,
    PATH: `${BIN}${delimiter}${process.env.PATH ?? ""}`,
  };
}

/** Resolves with the exit code and, where its output is piped, what the program said. */
function run(program, args, options) {
  return new Promise((resolve) => {
    let said = "";
    const child = spawn(program, args, { cwd: ROOT, ...options });
    children.add(child);
    child.stdout?.on("data", (chunk) => (said += chunk));
    child.stderr?.on("data", (chunk) => (said += chunk));
    const done = (code) => {
      children.delete(child);
      resolve({ code, said });
    };
    child.on("error", (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      done(127);
    });
    child.on("close", (code, signal) => done(code ?? 128 + (constants.signals[signal] ?? 0)));
    if (stopping) child.kill("SIGTERM");
  });
}

// Checks

/** Everything that can be said against the code. All steps run, however many fail; the last line is the sum of the tests. */
async function check(projects, args, steps = STEPS) {
  const started = performance.now();
  const total = { passed: 0, failed: 0, steps: [] };
  for (const step of steps) {
    if (stopping) break;
    const from = performance.now();
    const { code, said } = await runStep(step);
    if (code !== 0) process.stdout.write(`${said.trimEnd()}\n`);
    report(`${step.says}${warnings(said)}`, code === 0, from);
    if (code !== 0) total.steps.push(step.says);
  }
  for (const project of projects) if (!stopping) await runTests(project, args, total);
  const failed = total.failed + total.steps.length;
  if (total.steps.length > 0) process.stdout.write(`failed steps: ${total.steps.join(", ")}\n`);
  process.stdout.write(`all of it took ${seconds(started)}\n`);
  process.stdout.write(`${total.passed} passed, ${failed} failed\n`);
  return stopping ? 130 : failed === 0 ? 0 : 1;
}

/** A linter that failed runs again without its warnings: the errors are what has to be seen. */
async function runStep(step) {
  const stdio = ["ignore", "pipe", "pipe"];
  const first = await runTool({ ...step, stdio });
  if (first.code === 0 || step.onFailure === undefined || stopping) return first;
  return runTool({ ...step, args: [...step.args, ...step.onFailure], stdio });
}

function warnings(said) {
  const found = /Found ([1-9][0-9]*) warnings?/.exec(said);
  return found === null ? "" : ` (${found[1]} warnings)`;
}

function report(says, good, from) {
  process.stdout.write(`${good ? "✓" : "✗"} ${says} ${seconds(from)}\n`);
}

function seconds(from) {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`;
}

/** Adds what vitest says of one project. A file that could not be loaded, or an error outside of any test, is a failure too. */
async function runTests(project, args, total) {
  const from = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "pombo-check-"));
  const file = join(folder, "result.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const flags = ["run", "--project", project, "--passWithNoTests", ...reporters, ...args];
  const { code } = await runTool({ tool: "vitest", args: flags, stdio: "inherit" });
  const result = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { testResults: [] };
  rmSync(folder, { recursive: true, force: true });
  const unloaded = result.testResults.filter(
    (one) => one.status === "failed" && one.assertionResults.every((a) => a.status !== "failed"),
  ).length;
  const failed = (result.numFailedTests ?? 0) + unloaded;
  total.passed += result.numPassedTests ?? 0;
  total.failed += failed;
  if (code !== 0 && failed === 0) total.steps.push(`${project} tests (vitest ended with ${code})`);
  report(`${project} tests`, code === 0, from);
}
