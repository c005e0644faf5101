import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { openSeal, parseCredentialKeys } from "@pombo/device";
import { type CellId, DEFAULT_SETTINGS } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import { cellKeys, openRedis, type Redis } from "@pombo/redis";
import { openTestRedis } from "@pombo/testbed";
import { describe, expect, test } from "vitest";
import { openInterrupts } from "../command/interrupts.ts";
import { temporaryFolder } from "../temporary-folder.test-setup.ts";
import { testTerminal } from "../terminal/streams.test-setup.ts";
import { DOCTOR } from "./doctor.ts";
import type { Finding } from "./finding.ts";

const DEVICE = "dev_0123456789abcdef";
const KEYS = cellKeys("c0" as CellId);

interface Stage extends AsyncDisposable {
  /** As the services of an installation have it; tests spoil it. */
  readonly environment: Record<string, string>;
  readonly redis: Redis;
  readonly folder: string;
  readonly stack: AsyncDisposableStack;
  examine(...args: string[]): Promise<Report>;
}

interface Report {
  readonly code: number;
  readonly text: string;
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** An installation in which all is well: a durable Redis with a worker, a device and its credentials, an API, media. */
async function setup({ durable = true } = {}): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryFolder());
  const { url } = opening.use(await openTestRedis({ durable }));
  const { client: redis } = opening.use(await openRedis({ url, role: "request" }));
  const credentialsKey = freshKey("k1");
  await seal(redis, credentialsKey);
  const ledger = openLedger({ redis, keys: KEYS, settings: DEFAULT_SETTINGS });
  await ledger.settleSchema({ mayMigrate: false });
  await ledger.reportWorker("worker-1#00000000", true, 1);
  const api = await listening(createHttpServer(playApi));
  opening.use(api);
  const stack = opening.move();
  const environment: Record<string, string> = {
    POMBO_REDIS_URL: url,
    POMBO_CREDENTIALS_KEY: credentialsKey,
    POMBO_MEDIA_FOLDER: path,
    POMBO_URL: api.url,
    POMBO_API_KEY: "pombo_c0_good",
    POMBO_ENV: "production",
  };
  return {
    environment,
    redis,
    folder: path,
    stack,
    examine: (...args) => examine(environment, path, args),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function examine(
  environment: Readonly<Record<string, string>>,
  folder: string,
  args: readonly string[],
): Promise<Report> {
  const { terminal, output } = testTerminal();
  using interrupts = openInterrupts(() => undefined);
  const context = { environment, folder, terminal, interrupts };
  const code = await DOCTOR.run(["--json", ...args], context);
  const text = output.text();
  const { findings } = JSON.parse(text) as { findings: Finding[] };
  const problems = findings.filter(({ level }) => level === "problem");
  const warnings = findings.filter(({ level }) => level === "warning");
  return { code, text, problems, warnings };
}

function freshKey(id: string): string {
  return `${id}:${randomBytes(32).toString("base64")}`;
}

async function seal(redis: Redis, text: string): Promise<void> {
  const parsed = parseCredentialKeys(text);
  if (parsed.kind !== "keys") throw new Error(parsed.detail);
  const sealed = openSeal(DEVICE, parsed.keys).seal("creds", Buffer.from("secret"));
  await redis.zadd(KEYS.devices(), 1, DEVICE);
  await redis.hset(KEYS.credentials(DEVICE), "creds", sealed);
}

interface Listening extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

async function listening(server: Server): Promise<Listening> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      if ("closeAllConnections" in server)
        (server as { closeAllConnections(): void }).closeAllConnections();
      await once(server, "close");
    },
  };
}

/** What the doctor asks an API; the real one is examined in e2e. */
const playApi: RequestListener = (request, response) => {
  const { url = "", headers } = request;
  const isKnown = headers.authorization === "Bearer pombo_c0_good" || url.startsWith("/health");
  const workers = [{ id: "worker-1#00000000", heartbeat_age_ms: 1, lanes: 1 }];
  const body = isKnown
    ? { success: true, status: "ready", limits: {}, workers, devices: 1, unowned: 0 }
    : { success: false, error: "no", error_code: "INVALID_API_KEY" };
  response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

/** A Redis whose answers are changed on their way. */
async function spoiledRedis(url: string, change: (answer: string) => string): Promise<Listening> {
  const target = new URL(url);
  return await listening(
    createServer((client) => {
      const server = connect(Number(target.port), target.hostname);
      client.on("data", (chunk: Buffer) => void server.write(chunk));
      server.on("data", (chunk: Buffer) => {
        const spoiled = change(chunk.toString("latin1"));
        client.write(Buffer.from(spoiled, "latin1"));
      });
      client.on("close", () => server.destroy());
      server.on("close", () => client.destroy());
      for (const socket of [client, server]) socket.on("error", () => socket.destroy());
    }),
  );
}

async function spoil(stage: Stage, change: (answer: string) => string): Promise<void> {
  const url = new URL(stage.environment["POMBO_REDIS_URL"] ?? "");
  const spoiled = stage.stack.use(await spoiledRedis(url.href, change));
  url.port = String(spoiled.port);
  stage.environment["POMBO_REDIS_URL"] = url.href;
}

function set(name: string, value: string): (stage: Stage) => void {
  return ({ environment }) => void (environment[name] = value);
}

function config(name: string, value: string): (stage: Stage) => Promise<unknown> {
  return ({ redis }) => redis.config("SET", name, value);
}

test("an installation in which all is well has no problem, and no secret is printed", async () => {
  await using stage = await setup();
  const { code, problems, text } = await stage.examine();
  expect({ code, problems }).toEqual({ code: 0, problems: [] });
  for (const name of ["POMBO_CREDENTIALS_KEY", "POMBO_API_KEY"])
    expect(text).not.toContain(stage.environment[name]);
  expect(text).not.toContain(new URL(stage.environment["POMBO_REDIS_URL"] ?? "").password);
});

type Planted = readonly [
  what: string,
  plant: (stage: Stage) => unknown,
  says: RegExp,
  remedy: RegExp,
];

const BUCKET = {
  POMBO_MEDIA_S3_BUCKET: "b",
  POMBO_MEDIA_S3_ACCESS_KEY: "a",
  POMBO_MEDIA_S3_SECRET_KEY: "s",
};

const PLANTED: readonly Planted[] = [
  [
    "a Redis that does not answer",
    set("POMBO_REDIS_URL", "redis://:p4ss@127.0.0.1:59998"),
    /^redis: redis:\/\/127\.0\.0\.1:59998 can't be used: connect ECONNREFUSED/,
    /start it/,
  ],
  [
    "a wrong password of Redis",
    ({ environment }) => {
      const url = new URL(environment["POMBO_REDIS_URL"] ?? "");
      url.password = "wrong";
      environment["POMBO_REDIS_URL"] = url.href;
    },
    /^redis: .* can't be used: WRONGPASS/,
    /password in POMBO_REDIS_URL/,
  ],
  [
    "a user of Redis who may not run scripts",
    async ({ environment, redis }) => {
      await redis.call("ACL", "SETUSER", "weak", "on", ">p4ss", "~*", "&*", "+@all", "-evalsha");
      const url = new URL(environment["POMBO_REDIS_URL"] ?? "");
      Object.assign(url, { username: "weak", password: "p4ss" });
      environment["POMBO_REDIS_URL"] = url.href;
      delete environment["POMBO_URL"];
    },
    /^workers: the look at it failed: NOPERM /i,
    /ACL SETUSER … \+@all/,
  ],
  [
    "a Redis that evicts",
    config("maxmemory-policy", "allkeys-lru"),
    /maxmemory-policy is allkeys-lru: set noeviction/,
    /docker-compose\.yml/,
  ],
  [
    "a Redis without its append-only file",
    config("appendonly", "no"),
    /append-only file is off: set appendonly yes/,
    /docker-compose\.yml/,
  ],
  [
    "an append-only file that is not flushed",
    config("appendfsync", "no"),
    /appendfsync no/,
    /everysec, or always/,
  ],
  [
    "a Redis that is too old",
    (stage) => spoil(stage, (text) => text.replace(/redis_version:\d/, "redis_version:6")),
    /Redis 7 or newer is needed/,
    /docker-compose\.yml/,
  ],
  [
    "a Redis with another clock",
    (stage) =>
      spoil(stage, (text) =>
        text.replace(
          /^\*2\r\n\$10\r\n(\d{10})\r\n/,
          (_, seconds: string) => `*2\r\n$10\r\n${Number(seconds) - 90}\r\n`,
        ),
      ),
    /its clock is (89|90)\.\d s behind the one of this machine/,
    /time server/,
  ],
  [
    "a Redis that is nearly full",
    ({ redis }) => redis.config("SET", "maxmemory", "1mb"),
    /\d+ % of its memory is used: nothing is accepted/,
    /raise its maxmemory/,
  ],
  [
    "data of a newer version",
    ({ redis }) => redis.set(KEYS.schema(), "999"),
    /^data: .* version 999, written by a newer Pombo/,
    /upgrading\.md/,
  ],
  [
    "no credentials key",
    ({ environment }) => delete environment["POMBO_CREDENTIALS_KEY"],
    /POMBO_CREDENTIALS_KEY is missing, and no worker starts/,
    /id:base64 of 32 bytes[^]*randomBytes/,
  ],
  [
    "a malformed credentials key",
    set("POMBO_CREDENTIALS_KEY", "k1:c2hvcnQ="),
    /POMBO_CREDENTIALS_KEY is malformed: the key k1 does not have 32 bytes/,
    /id:base64/,
  ],
  [
    "a credentials key of another name than the one that sealed",
    set("POMBO_CREDENTIALS_KEY", freshKey("k2")),
    /the credentials of 1 of 1 devices were sealed with another key/,
    /bring the old key back/,
  ],
  [
    "another credentials key under the same name",
    set("POMBO_CREDENTIALS_KEY", freshKey("k1")),
    /the credentials of 1 of 1 devices can't be opened: another key of the same name/,
    /bring the old key back/,
  ],
  [
    "a setting that is none",
    set("POMBO_LEASE_TTLMS", "20000"),
    /^POMBO_LEASE_TTLMS is no setting of Pombo/,
    /did you mean POMBO_LEASE_TTL_MS\?/,
  ],
  [
    "a setting that is no number",
    set("POMBO_SWEEP_MS", "1s"),
    /^POMBO_SWEEP_MS is "1s"/,
    /whole number/,
  ],
  [
    "a setting out of its range",
    set("POMBO_MEMORY_REDRIVE_PERCENT", "120"),
    /^POMBO_MEMORY_REDRIVE_PERCENT is 120: above 100/,
    /choose 1 to 100/,
  ],
  [
    "a lease that is shorter than its renewals",
    set("POMBO_LEASE_RENEW_MS", "14000"),
    /^POMBO_LEASE_RENEW_MS \(14000\) must be less than POMBO_LEASE_TTL_MS/,
    /lower POMBO_LEASE_RENEW_MS or raise POMBO_LEASE_TTL_MS/,
  ],
  [
    "an environment that is neither",
    set("POMBO_ENV", "prod"),
    /^POMBO_ENV can't be used/,
    /development or production/,
  ],
  [
    "origins with a path",
    set("POMBO_CORS_ORIGINS", "https://app.example/,https://other.example"),
    /^POMBO_CORS_ORIGINS can't be used/,
    /https:\/\/app\.example, without a path/,
  ],
  [
    "a flag that is a word",
    set("POMBO_TRUST_PROXY", "true"),
    /^POMBO_TRUST_PROXY can't be used/,
    /0 or 1/,
  ],
  [
    "a simulator that is elsewhere",
    set("POMBO_SANDBOX_CONTROL_URL", "http://sandbox.example:4000"),
    /^POMBO_SANDBOX_CONTROL_URL can't be used/,
    /remove it/,
  ],
  [
    "a certificate that is not there",
    set("POMBO_WHATSAPP_CA", "/nowhere/ca.pem"),
    /^POMBO_WHATSAPP_CA names a file that can't be read: ENOENT/,
    /PEM/,
  ],
  [
    "a port that another program has",
    async ({ stack, environment }) => {
      const other = createHttpServer((_request, response) => response.end("hello"));
      environment["POMBO_PORT"] = String(stack.use(await listening(other)).port);
    },
    /^port: \d+ is taken by another program/,
    /choose another/,
  ],
  [
    "a folder for media that is not there",
    set("POMBO_MEDIA_FOLDER", "/nowhere/media"),
    /^media: there is no folder \/nowhere\/media/,
    /POMBO_MEDIA_FOLDER/,
  ],
  [
    "a folder for media without room",
    set("POMBO_DISK_FREE_BYTES", "999999999999999"),
    /^media: The disk of the media folder has only \d+ MiB free, in /,
    /make room/,
  ],
  [
    "a bucket that does not answer",
    ({ environment }) => {
      Object.assign(environment, BUCKET, { POMBO_MEDIA_S3_ENDPOINT: "http://127.0.0.1:59997" });
    },
    /^media: the bucket b at 127\.0\.0\.1:59997 can't be used: .*ECONNREFUSED/,
    /POMBO_MEDIA_S3_/,
  ],
  [
    "a bucket that refuses the key",
    async ({ environment, stack }) => {
      const server = createHttpServer((_request, response) => {
        response.writeHead(403).end("<Error><Code>SignatureDoesNotMatch</Code></Error>");
      });
      const { url } = stack.use(await listening(server));
      Object.assign(environment, BUCKET, { POMBO_MEDIA_S3_ENDPOINT: url });
    },
    /^media: .* refused to list: 403 SignatureDoesNotMatch/,
    /list, put, get and delete/,
  ],
  [
    "half of a bucket",
    set("POMBO_MEDIA_S3_ENDPOINT", "http://127.0.0.1:9"),
    /^media: POMBO_MEDIA_S3_BUCKET must be given/,
    /all of POMBO_MEDIA_S3_\*/,
  ],
  [
    "an API that is not there",
    set("POMBO_URL", "http://127.0.0.1:59996"),
    /^api: http:\/\/127\.0\.0\.1:59996 can't be reached: connect ECONNREFUSED/,
    /start it/,
  ],
  ["a bad API key", set("POMBO_API_KEY", "pombo_c0_bad"), /^api key: it is unknown/, /make one/],
  [
    "no worker",
    async ({ environment, redis }) => {
      delete environment["POMBO_URL"];
      await redis.del(KEYS.workers());
    },
    /^workers: none is alive/,
    /start one/,
  ],
  [
    "no notifier for the webhooks",
    ({ redis }) => redis.zadd(KEYS.endpoints(), 1, "we_0123456789abcdef"),
    /^notifier: none is alive: 1 webhooks wait/,
    /start one/,
  ],
];

describe("the doctor finds, says what to do, and finds nothing else:", () => {
  test.each(PLANTED)("%s", async (_what, plant, says, remedy) => {
    await using stage = await setup();
    await plant(stage);
    const { code, problems, text } = await stage.examine();
    expect(problems).toHaveLength(1);
    expect(problems[0]?.says).toMatch(says);
    expect(problems[0]?.remedy).toMatch(remedy);
    expect(code).toBe(1);
    expect(text).not.toMatch(/p4ss|pombo_c0_/);
  });
});

describe("the data folder of a local Pombo", () => {
  async function withFolder(): Promise<Stage & { readonly data: string }> {
    const stage = await setup();
    const data = join(stage.folder, "data");
    await mkdir(join(data, "media"), { recursive: true, mode: 0o700 });
    const key = stage.environment["POMBO_CREDENTIALS_KEY"] ?? "";
    delete stage.environment["POMBO_CREDENTIALS_KEY"];
    await writeFile(join(data, "credentials-key"), `${key}\n`, { mode: 0o600 });
    await writeFile(join(data, "admin-key"), "pombo_c0_good\n", { mode: 0o600 });
    const inFolder: Stage["examine"] = (...args) => stage.examine("--data", data, ...args);
    return { ...stage, data, examine: inFolder };
  }

  test("is well when it is ours alone", async () => {
    await using stage = await withFolder();
    expect(await stage.examine()).toMatchObject({ code: 0, problems: [] });
  });

  test("a key that others can read is a problem", async () => {
    await using stage = await withFolder();
    await chmod(join(stage.data, "credentials-key"), 0o644);
    const { problems } = await stage.examine();
    expect(problems).toEqual([
      {
        level: "problem",
        says: expect.stringMatching(/others of this machine can read .*credentials-key/) as string,
        remedy: expect.stringMatching(/^chmod 600 /) as string,
      },
    ]);
  });

  test("what is no folder, or not there, is a problem", async () => {
    await using stage = await setup();
    await writeFile(join(stage.folder, "file"), "");
    for (const [name, says] of [
      ["file", /is no folder/],
      ["nowhere", /there is no/],
    ] as const) {
      const report = await stage.examine("--data", join(stage.folder, name));
      expect(report.problems[0]?.says).toMatch(says);
    }
  });
});

test.skipIf(process.platform !== "linux")(
  "a folder that can't be written is a problem",
  async () => {
    await using stage = await setup();
    const { problems } = await stage.examine("--data", "/proc");
    expect(problems[0]?.says).toMatch(/^nothing can be written in \/proc: /);
    expect(problems[0]?.remedy).toMatch(/a disk that can be written/);
  },
);

test("variables come from a file as services have it, and what is wrong there is found", async () => {
  await using stage = await setup();
  await writeFile(join(stage.folder, "pombo.env"), "# ours\nPOMBO_HOLD_MS='soon'\n");
  const { problems } = await stage.examine("--env-file", "pombo.env");
  expect(problems.map(({ says }) => says)).toEqual(['POMBO_HOLD_MS is "soon"']);
  await expect(stage.examine("--env-file", "nowhere")).rejects.toMatchObject({ code: 2 });
});

test("a file with secrets that everybody may read is a problem; one for a group is none", async () => {
  await using stage = await setup();
  const file = join(stage.folder, "pombo.env");
  await writeFile(file, `POMBO_CREDENTIALS_KEY=${stage.environment["POMBO_CREDENTIALS_KEY"]}\n`);
  await chmod(file, 0o644);
  const { problems } = await stage.examine("--env-file", file);
  expect(problems.map(({ says }) => says)).toEqual([
    `everybody on this machine can read ${file}, which has POMBO_CREDENTIALS_KEY`,
  ]);
  await chmod(file, 0o640);
  expect((await stage.examine("--env-file", file)).problems).toEqual([]);
});

test("one port for the API and for metrics is a warning", async () => {
  await using stage = await setup();
  stage.environment["POMBO_METRICS_PORT"] = "3000";
  const { warnings, problems } = await stage.examine();
  expect(problems).toEqual([]);
  expect(warnings.map(({ says }) => says)).toContainEqual(
    expect.stringMatching(/^POMBO_METRICS_PORT is 3000, as the port of the API/),
  );
});

test("an old Node on the PATH is a warning", async () => {
  await using stage = await setup();
  const bin = join(stage.folder, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "node"), "#!/bin/sh\necho v18.20.0\n");
  await chmod(join(bin, "node"), 0o755);
  stage.environment["PATH"] = bin;
  const { warnings, code } = await stage.examine();
  expect(code).toBe(0);
  expect(warnings.map(({ says }) => says)).toContain(
    "the node on the PATH is v18.20.0, and Pombo needs 24",
  );
});
