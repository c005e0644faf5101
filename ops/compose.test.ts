import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS, VARIABLES } from "@pombo/domain";
import { redisConf } from "@pombo/redis-server";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "..");

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly read_only?: boolean;
  readonly user?: string;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
}

function text(...path: readonly string[]): string {
  return readFileSync(join(ROOT, ...path), "utf8");
}

const compose = text("docker-compose.yml");
const { services, volumes } = parse(compose, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const all = Object.entries(services);
const ours = all.filter(([, { build }]) => build !== undefined);

function started(app: string): readonly (readonly [string, Service])[] {
  return ours.filter(([, { command }]) => command?.[0] === app);
}

describe("every service", () => {
  test.each(all)("%s writes to its volumes only, and has no rights", (_name, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.security_opt).toEqual(["no-new-privileges:true"]);
  });

  test.each(all)("%s is asked how it is, and has the time to end", (name, service) => {
    const runsOn = service.profiles?.includes("tools") !== true;
    expect(service.healthcheck).toMatchObject(
      runsOn ? { test: expect.arrayContaining([expect.anything()]) as unknown } : { disable: true },
    );
    const seconds = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? "")?.[1]);
    const { drain_ms: drain, handover_ms: handover, shutdown_ms: shutdown } = SETTINGS;
    const before = name.startsWith("api")
      ? drain
      : name.startsWith("worker")
        ? handover
        : undefined;
    expect(seconds * 1_000).toBeGreaterThanOrEqual((before?.value ?? 0) + shutdown.value);
  });

  test.each(all)("%s mounts what is there", (_name, { volumes: mounts = [] }) => {
    for (const mount of mounts) {
      const [source = ""] = mount.split(":");
      if (source.startsWith("./")) expect(existsSync(join(ROOT, source)), source).toBe(true);
      else expect(volumes).toHaveProperty([source]);
    }
  });

  test("only the proxy is reached from outside", () => {
    const open = all.filter(([, { ports = [] }]) =>
      ports.some((port) => !port.startsWith("127.0.0.1:")),
    );
    expect(open.map(([name]) => name)).toEqual(["proxy"]);
  });
});

describe("the processes of Pombo", () => {
  test("are two APIs behind the proxy, two workers, a notifier", () => {
    const proxied = [...text("ops", "nginx", "nginx.conf").matchAll(/^ +server (\S+) .*;$/gm)];
    expect(proxied.map(([, server]) => server)).toEqual(
      started("api").map(([name]) => `${name}:3000`),
    );
    expect(started("api")).toHaveLength(2);
    expect(started("worker")).toHaveLength(2);
    expect(started("notifier")).toHaveLength(1);
  });

  test("tell their metrics to the inside only, however the proxy is asked", () => {
    const [, pattern = ""] =
      /location ~ (\S+) \{\s+return 404;/.exec(text("ops", "nginx", "nginx.conf")) ?? [];
    expect(["/metrics", "/metrics/"].filter((path) => !new RegExp(pattern).test(path))).toEqual([]);
    expect(new RegExp(pattern).test("/v1/metrics")).toBe(false);
  });

  test("share one image and one Redis, and each worker has its name", () => {
    expect(new Set(ours.map(([, { image }]) => image)).size).toBe(1);
    expect(new Set(ours.map(([, { environment }]) => environment?.["POMBO_REDIS_URL"])).size).toBe(
      1,
    );
    const names = started("worker").map(([, { environment }]) => environment?.["POMBO_WORKER_ID"]);
    expect(names).toEqual(["worker-1", "worker-2"]);
  });

  test("only those that open credentials know their key", () => {
    const knows = all.filter(([, { environment = {} }]) => "POMBO_CREDENTIALS_KEY" in environment);
    expect(knows.map(([name]) => name)).toEqual(["worker-1", "worker-2", "pombo"]);
  });

  test("are all scraped", () => {
    const { scrape_configs: jobs } = parse(text("ops", "prometheus", "prometheus.yml")) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const targets = jobs.flatMap((job) => job.static_configs.flatMap((one) => one.targets));
    const named = ours.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    expect(targets.map((target) => target.split(":")[0])).toEqual(named);
  });
});

test("secrets are never written down: they come from .env, whose example has none and is not sent to git or the image", () => {
  const secrets = Object.entries<{ readonly says: string; readonly secret?: true }>(VARIABLES)
    .filter(([, { secret }]) => secret)
    .map(([name]) => name);
  for (const [, { environment = {} }] of all)
    for (const [name, value] of Object.entries(environment))
      if (secrets.includes(name)) expect(value ?? "").toMatch(/^$|\$\{POMBO_\w+:[?-]/);
  const example = text(".env.example");
  for (const [, name, value] of example.matchAll(/^#?(POMBO_\w+)=(.*)$/gm))
    if (secrets.includes(name ?? "")) expect([name, value]).toEqual([name, ""]);
  const asked = [...compose.matchAll(/\$\{(POMBO_\w+)/g)].map(([, name]) => name);
  const known = [...example.matchAll(/^#?(POMBO_\w+)=/gm)].map(([, name]) => name);
  expect(asked.filter((name) => name !== "POMBO_IMAGE" && !known.includes(name))).toEqual([]);
  for (const file of ["/.env", "/pombo.env", "/metrics-key"])
    expect(text(".gitignore").split("\n")).toContain(file);
  expect(text(".dockerignore").split("\n")[1]).toBe("*");
});

test("Redis is configured as Pombo configures its own", () => {
  const rows = (conf: string): ReadonlyMap<string, string> =>
    new Map(
      conf
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1).join(" ")]),
    );
  const ops = rows(text("ops", "redis", "redis.conf"));
  const place = { port: 6379, password: "x", dir: "/data", bind: "127.0.0.1" };
  const own = rows(redisConf({ ...place, appendOnly: "everysec", maxMemory: "1gb" }));
  for (const [name, value] of ops)
    if (name !== "dir") expect([name, value]).toEqual([name, own.get(name)]);
  for (const name of ["appendonly", "appendfsync", "save", "maxmemory", "maxmemory-policy"])
    expect(ops.has(name), name).toBe(true);
});
