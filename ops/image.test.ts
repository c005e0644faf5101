import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SETTINGS, VARIABLE_NAMES } from "@pombo/domain";
import { describe, expect, onTestFinished, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const HEALTHY = join(import.meta.dirname, "image", "healthy.mjs");

function text(...path: readonly string[]): string {
  return readFileSync(join(ROOT, ...path), "utf8");
}

describe("the image", () => {
  const dockerfile = text("Dockerfile");

  test("has the Node and the pnpm of the repository", () => {
    const { devDependencies, packageManager } = JSON.parse(text("package.json")) as {
      devDependencies: Record<string, string>;
      packageManager: string;
    };
    expect(dockerfile).toContain(`ARG NODE_VERSION=${devDependencies["node"]}\n`);
    const used = [...dockerfile.matchAll(/pnpm@[\d.]+/g)].map(([it]) => it);
    expect(new Set(used)).toEqual(new Set([packageManager]));
  });

  test("is not run as root, and its variables exist", () => {
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    const named = [...dockerfile.matchAll(/\b(POMBO_\w+)=/g)].map(([, name]) => name ?? "");
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !VARIABLE_NAMES.includes(name))).toEqual([]);
  });

  test("starts each process by its name, and commands by theirs", () => {
    // Another `node`, which tells what it was to run.
    const bin = mkdtempSync(join(tmpdir(), "pombo-image-"));
    onTestFinished(() => rmSync(bin, { recursive: true }));
    writeFileSync(join(bin, "node"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const run = (...args: readonly string[]): string => {
      const env = { PATH: `${bin}:/usr/bin:/bin` };
      const script = join(import.meta.dirname, "image", "run.sh");
      return spawnSync("sh", [script, ...args], { encoding: "utf8", env }).stdout.trim();
    };
    for (const app of readdirSync(join(ROOT, "apps")).filter((name) => name !== "cli"))
      if (existsSync(join(ROOT, "apps", app, "src", "main.ts")))
        expect(run(app, "--port", "1")).toMatch(new RegExp(`apps/${app}/src/main.ts --port 1$`));
    for (const app of readdirSync(join(ROOT, "apps")))
      if (existsSync(join(ROOT, "apps", app, "src", "main.ts")))
        expect(text("ops", "image", "compile.sh"), app).toMatch(new RegExp(`\\b${app}\\b`));
    expect(run("devices", "list")).toMatch(/apps\/cli\/src\/main.ts devices list$/);
    expect(run()).toMatch(/apps\/cli\/src\/main.ts$/);
  });
});

describe("the health check", () => {
  const check = async (app: string, port: number): Promise<number | null> => {
    const env = { POMBO_PORT: String(port), POMBO_METRICS_PORT: String(port) };
    const child = spawn(process.execPath, [HEALTHY, app], { env, stdio: "ignore" });
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  };

  test.each(["api", "worker", "notifier"])("asks the %s whether it is ready", async (app) => {
    let status = 200;
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect(await check(app, port)).toBe(0);
    status = 503;
    expect(await check(app, port)).toBe(1);
    expect(asked).toEqual(["/health/ready", "/health/ready"]);
  });

  test("a process that nobody reaches is not well; of a command it is enough that it runs", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    expect(await check("api", port)).toBe(1);
    expect(await check("cli", port)).toBe(0);
  });
});

describe.each(
  readdirSync(join(ROOT, "ops", "systemd")).filter((name) => name.endsWith(".service")),
)("%s", (name) => {
  const unit = text("ops", "systemd", name);
  const all = (key: string): string[] =>
    [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value ?? "");

  test("starts a program that is there, with variables that exist", () => {
    const [script = ""] = all("ExecStart").map((line) => line.split(" ")[1]);
    expect(existsSync(join(ROOT, script)), script).toBe(true);
    const names = all("Environment").flatMap((line) =>
      line.split(" ").map((pair) => pair.split("=")[0] ?? ""),
    );
    const known = [...VARIABLE_NAMES, "NODE_ENV", "NODE_COMPILE_CACHE", "TMPDIR"];
    expect(names.filter((it) => !known.includes(it))).toEqual([]);
  });

  test("is not root, writes to its own folder only, comes back, and has the time to end", () => {
    expect([all("User"), all("ProtectSystem"), all("NoNewPrivileges")]).toEqual([
      ["pombo"],
      ["strict"],
      ["yes"],
    ]);
    expect(all("StateDirectory")).toEqual(["pombo pombo/media pombo/media/incoming"]);
    expect(all("Restart")).toEqual(["always"]);
    const { drain_ms: drain, handover_ms: handover, shutdown_ms: shutdown } = SETTINGS;
    const before = name.includes("-api") ? drain : name.includes("-worker") ? handover : undefined;
    const least = ((before?.value ?? 0) + shutdown.value) / 1_000;
    expect(Number(all("TimeoutStopSec")[0])).toBeGreaterThan(least);
  });

  test("has pages for its console and finds what was compiled, as the guide installs it", () => {
    const guide = text("docs", "deployment.md");
    expect(all("WorkingDirectory")).toEqual(["/opt/pombo"]);
    expect(all("Environment").join(" ")).toContain("NODE_COMPILE_CACHE=/opt/pombo/compiled");
    expect(guide).toMatch(/node apps\/console\/build\.mjs[^]*install --prod --frozen-lockfile/);
    expect(guide).toMatch(/NODE_COMPILE_CACHE="\$PWD\/compiled" ops\/image\/compile\.sh/);
    // Node writes it for its user alone; who reads it later may not change it.
    expect(guide).toContain("chown -R root:root compiled && chmod -R a+rX,go-w compiled");
  });

  test("is part of the target", () => {
    const wanted = text("ops", "systemd", "pombo.target");
    expect(wanted).toContain(name.replace(".service", ""));
  });
});
