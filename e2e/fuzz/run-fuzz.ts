import { request as ask } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openConformance } from "@pombo/testbed";
import { openDice } from "../chaos/dice.ts";
import { Pombo, QUICK } from "../pombo.ts";
import { type FuzzAnswer, judge } from "./judge.ts";
import { type FuzzRequest, type FuzzWorld, makeRequest, type Pool } from "./make-request.ts";
import { readDescription } from "./schema.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
}

export interface FuzzReport {
  /** What was wrong, and with which request; each kind once per operation. */
  readonly wrong: ReadonlyMap<string, string>;
  /** How often each status came. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Operations that never answered a success. */
  readonly unreached: readonly string[];
}

const AT_ONCE = 8;
const LONGEST_MS = 20_000;
/** A stream goes on: that it began is enough. */
const STREAMED_MS = 50;
const SHOWN = 600;

const ENV = {
  ...QUICK,
  POMBO_PREFER_WAIT_LIMIT_S: "1",
  POMBO_DEVICE_REQUEST_WAIT_MS: "500",
};

/** The whole product, and requests made from what it says of itself; everything odd is judged, and so is its log. */
export async function runFuzz(
  { seed, requests }: FuzzOptions,
  say: (line: string) => void,
): Promise<FuzzReport> {
  await using pombo = await Pombo.start({ env: ENV });
  const { pids } = pombo.ready;
  const document = (await pombo.api("GET", "/openapi.json")).body;
  const listed = (await pombo.api<{ errors: { code: string }[] }>("GET", "/v1/errors")).body;
  const codes = new Set([...listed.errors.map(({ code }) => code), ...DIALECT_CODES]);
  const description = readDescription(document);
  const conformance = openConformance(document);
  const dice = openDice(seed);
  const wrong = new Map<string, string>();
  const statuses = new Map<number, number>();
  const reached = new Set<string>();
  const { device_id: device, api_key: key } = pombo.ready;
  // Whoever is written to there is refused: a dead letter.
  await pombo.fault("message", { nack: 400 }, { match: { to: NOBODY }, times: 1_000_000 });
  const bound = await bindKey(pombo, device);
  const right = rightBodies(device);
  let pool = await fillPool(pombo);
  let made = 0;

  const blame = (what: string, request: FuzzRequest, answer?: FuzzAnswer): void => {
    const kind = `${what}: ${request.operation.method} ${request.operation.path}`;
    if (!wrong.has(kind)) wrong.set(kind, shown(request, answer));
  };

  /** A success that is not as the document says. */
  const undescribed = (request: FuzzRequest, answer: FuzzAnswer): string | undefined =>
    request.method === request.operation.method && answer.status < 300 && answer.type !== ""
      ? conformance.faultsOf(request.operation, answer)[0]
      : undefined;

  async function one(): Promise<void> {
    made += 1;
    if (made % 250 === 0) {
      pool = await fillPool(pombo);
      say(`${made} requests, ${wrong.size} odd answers`);
    }
    const world: FuzzWorld = { description, dice, pool, key, bound, right };
    const request = makeRequest(world);
    if (endsTheStage(request, pombo)) return;
    const answer = await send(pombo.ready.api_url, request);
    if (typeof answer === "string") return blame(answer, request);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status < 300) reached.add(nameOf(request));
    const found = judge(request, answer, { codes }) ?? undescribed(request, answer);
    if (found !== undefined) blame(found, request, answer);
  }

  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      // oxlint-disable-next-line no-await-in-loop -- eight hands, one request each
      while (made < requests) await one();
    }),
  );
  const now = await pombo.living();
  if (JSON.stringify([now.api, now.worker]) !== JSON.stringify([pids.api, pids.worker]))
    wrong.set("a process died", JSON.stringify({ before: pids, after: now }));
  for (const line of await crashes(pombo)) wrong.set("the log tells of a defect", line);
  const unreached = description.operations
    .map(({ method, path }) => `${method} ${path}`)
    .filter((name) => !reached.has(name));
  return { wrong, statuses, unreached };
}

/** What the dialects call some codes of the catalog. */
const DIALECT_CODES = ["SESSION_NOT_CONNECTED", "NO_SESSION"];

function nameOf({ operation: { method, path } }: FuzzRequest): string {
  return `${method} ${path}`;
}

/** The paired device of the stage must stay; its key is not known to those who make requests. */
function endsTheStage({ method, path }: FuzzRequest, { ready }: Pombo): boolean {
  const own = ready.device_id;
  if (path.startsWith("/disconnect")) return true;
  return path.includes(own) && (method === "DELETE" || /logout|disconnect/.test(path));
}

/** Nobody listens there, and nothing leaves this machine. */
const HOOK = "http://127.0.0.1:9/hook";

const NOBODY = "5511900000077";

async function bindKey(pombo: Pombo, device: string): Promise<string> {
  const scopes = ["messages:send", "messages:read", "devices:manage", "ops:read", "ops:write"];
  const body = { name: "bound", scopes, devices: [device], device_id: device };
  return (await pombo.api<{ key: string }>("POST", "/v1/api-keys", body)).body.key;
}

function batchBody(device: string) {
  const rows = [
    { to: "5511900000002", name: "Ana" },
    { to: "7", name: "Bo" },
  ];
  return { from: device, template: "Hello {{name}}", rows };
}

function rightBodies(device: string): FuzzWorld["right"] {
  const bulk = { filter: { code: "POISONED" } };
  return {
    "POST /v1/messages": { from: device, to: "5511900000002", text: "hello" },
    "POST /v1/batches": batchBody(device),
    "POST /v1/batches/preview": batchBody(device),
    "POST /v1/api-keys": { name: "fuzz", scopes: ["messages:read"], devices: [device] },
    "POST /v1/devices": { name: "fuzz" },
    "POST /v1/devices/{id}/pairing-code": { phone: "5511900000009" },
    "POST /v1/webhooks": { url: HOOK, events: ["*"] },
    "POST /v1/pools": { name: "fuzz", devices: [device] },
    "POST /send/text": { number: "5511900000002", text: "hello" },
    "POST /send/location": { number: "5511900000002", latitude: 1, longitude: 2 },
    "POST /send/poll": {
      to: "5511900000002",
      question: "which?",
      options: [{ option_name: "a" }, { option_name: "b" }],
    },
    "POST /paircode": { phone: "5511900000009" },
    "POST /api/v1/messages/text": { to: "5511900000002", message: "hello" },
    "POST /v1/dead-letters/redrive": bulk,
    "POST /v1/dead-letters/discard": bulk,
  };
}

/** Things that exist now, so that requests get somewhere. */
async function fillPool(pombo: Pombo): Promise<Pool> {
  const device = pombo.ready.device_id;
  // What was slowed down meanwhile takes none.
  const post = async (to: string, over: object = {}): Promise<string> => {
    const body = { from: device, to, text: "hello", ...over };
    const made = await pombo.api<{ message_id?: string }>("POST", "/v1/messages", body);
    return made.body.message_id ?? "3EB0000000000000000000";
  };
  // Earlier requests may have slowed it down or paused it.
  await pombo.api("PATCH", `/v1/devices/${device}`, { pace: {} });
  await pombo.api("POST", `/v1/devices/${device}/lane/resume`);
  const spare = await pombo.api<{ device_id?: string }>("POST", "/v1/devices", { name: "spare" });
  const key = await pombo.api<{ id?: string }>("POST", "/v1/api-keys", {
    name: "spare",
    scopes: ["messages:read"],
    devices: [device],
  });
  const hook = await pombo.api<{ webhook_id?: string }>("POST", "/v1/webhooks", { url: HOOK });
  const pool = await pombo.api<{ pool_id?: string }>("POST", "/v1/pools", {
    name: "spare",
    devices: [device],
  });
  const sent = await post("5511900000002");
  // One that waits, and one that fails.
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const scheduled = await post("5511900000002", { send_at: later });
  await post(NOBODY);
  const bulk = await pombo.api<{ operation_id?: string }>("POST", "/v1/dead-letters/discard", {
    filter: { code: "POISONED" },
  });
  const batch = await pombo.api<{ batch_id?: string }>("POST", "/v1/batches", batchBody(device));
  const letters = await pombo.api<{ dead_letters?: { message_id: string }[] }>(
    "GET",
    "/v1/dead-letters?limit=5",
  );
  const devices = [device, spare.body.device_id ?? device];
  const failed = letters.body.dead_letters?.map(({ message_id }) => message_id) ?? [];
  return {
    from: [device, pool.body.pool_id ?? device],
    device_id: devices,
    devices,
    to: ["5511900000002", "+55 11 90000-0002", "5511900000002@s.whatsapp.net"],
    number: ["5511900000002"],
    message_id: [sent],
    messages: [sent, scheduled, scheduled, ...failed],
    ids: [sent, ...failed],
    "dead-letters": failed.length === 0 ? [sent] : failed,
    "api-keys": [key.body.id ?? "key_0"],
    batches: [batch.body.batch_id ?? "none"],
    batch_id: [batch.body.batch_id ?? "none"],
    operations: [bulk.body.operation_id ?? "op_0000000000000000"],
    pools: [pool.body.pool_id ?? "none"],
    webhooks: [hook.body.webhook_id ?? "none"],
    url: [HOOK],
    cursor: [],
    after: ["0", "now"],
    wait: ["0", "1"],
  };
}

function send(base: string, request: FuzzRequest): Promise<FuzzAnswer | string> {
  const { promise, resolve } = Promise.withResolvers<FuzzAnswer | string>();
  const { hostname, port } = new URL(base);
  const { method, path, headers, body } = request;
  const timer = setTimeout(() => resolve("no answer"), LONGEST_MS);
  try {
    const asked = ask({ hostname, port, method, path, headers, agent: false }, (response) => {
      const type = response.headers["content-type"] ?? "";
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      const whole = (): void => resolve({ status: response.statusCode ?? 0, type, text });
      response.on("end", whole);
      response.on("close", whole);
      if (type.startsWith("text/event-stream")) setTimeout(() => asked.destroy(), STREAMED_MS);
    });
    asked.on("continue", () => undefined);
    // A refusal may come before all of the body was taken.
    asked.on("error", (error) => resolve(`the connection broke: ${error.message}`));
    asked.end(body);
  } catch {
    // Not even Node would send it.
    resolve({ status: 200, type: "", text: "" });
  }
  return promise.finally(() => clearTimeout(timer));
}

function shown({ method, path, headers, body = "" }: FuzzRequest, answer?: FuzzAnswer): string {
  const { authorization: _key, ...rest } = headers;
  const sent = `${method} ${path.slice(0, SHOWN)} ${JSON.stringify(rest)} ${body.toString().slice(0, SHOWN)}`;
  return answer === undefined
    ? sent
    : `${sent}\n      → ${answer.status} ${answer.text.slice(0, SHOWN)}`;
}

/** What the processes wrote down as defects. */
async function crashes(pombo: Pombo): Promise<readonly string[]> {
  const files = ["api-1.log", "worker-1.log"].map((name) => join(pombo.data, "logs", name));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return texts
    .flatMap((text) => text.split("\n"))
    .filter((line) =>
      /request\.crashed|uncaught|"level":(?:50|60)|"level":"(?:error|fatal)"/i.test(line),
    )
    .map((line) => line.slice(0, SHOWN));
}
