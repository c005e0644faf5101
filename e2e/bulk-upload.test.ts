import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { startOutside } from "./outside-process.ts";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());

const PEOPLE = 20;

/** Rows of about three hundred bytes to a few people, each with a text of its own. */
function table(rows: number, first: number): string {
  const note = "the parcel left our house this morning ".repeat(6);
  const lines = Array.from(
    { length: rows },
    (_, at) => `${first + (at % PEOPLE)},row ${at + 1},${note}`,
  );
  return ["to,name,note", ...lines, ""].join("\n");
}

interface Sending {
  readonly url: string;
  readonly once: string;
  /** Writes so much of it, and no end. */
  readonly upTo?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

function upload(body: string, { url, once: key, upTo, settings }: Sending) {
  const { device_id: from, api_key: apiKey } = pombo.ready;
  const query = new URLSearchParams({ from, template: "{{name}}: {{note}}", ...settings });
  const sent = request(`${url}/v1/batches?${query.toString()}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${apiKey}`,
      "content-type": "text/csv",
      "idempotency-key": key,
    },
  });
  const answered = once(sent, "response").then(async ([response]: IncomingMessage[]) => ({
    status: response?.statusCode,
    body: JSON.parse(response === undefined ? "{}" : await text(response)) as Record<
      string,
      unknown
    >,
  }));
  answered.catch(() => undefined);
  sent.on("error", () => undefined);
  if (upTo === undefined) sent.end(body);
  else sent.write(body.slice(0, upTo));
  return { sent, answered };
}

interface Batch {
  readonly batch_id: string;
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
}

const batches = async (): Promise<readonly Batch[]> =>
  (await pombo.api<{ batches: Batch[] }>("GET", "/v1/batches")).body.batches;

const stored = (rows: number) =>
  eventually(batches, ([newest]) => (newest?.counts["accepted"] ?? 0) >= rows);

test("an upload whose API is killed twice, and that is cut twice, has every row once, and each is sent once", async () => {
  const rows = 1_600;
  const body = table(rows, 5_511_930_000_000);
  const key = "killed";
  for (const chunks of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one API after the other
    await using api = await startOutside(pombo, "api");
    const { sent } = upload(body, {
      url: api.url,
      once: key,
      upTo: Math.floor((body.length * (chunks * 500 + 300)) / rows),
    });
    // oxlint-disable-next-line no-await-in-loop
    await stored(chunks * 500);
    api.kill("SIGKILL");
    // oxlint-disable-next-line no-await-in-loop
    await api.ended;
    sent.destroy();
  }
  const { api_url: url } = pombo.ready;
  for (const share of [0.3, 0.95]) {
    const { sent } = upload(body, { url, once: key, upTo: Math.floor(body.length * share) });
    sent.destroy();
  }
  const [receiving] = await batches();
  expect(receiving).toMatchObject({ status: "receiving" });
  const whole = await upload(body, { url, once: key }).answered;
  const id = String(receiving?.batch_id);
  expect(whole).toMatchObject({
    status: 202,
    body: { batch_id: id, accepted: rows, invalid: 0, duplicate: 0 },
  });
  expect((await upload(body, { url, once: key }).answered).body).toEqual(whole.body);

  const isOver = ([newest]: readonly Batch[]): boolean => newest?.status === "completed";
  const [done] = await eventually(batches, isOver, 80_000);
  expect(done?.counts).toMatchObject({ accepted: rows, failed: 0, queued: 0 });
  const phones = await Promise.all(
    Array.from({ length: PEOPLE }, (_, at) => pombo.phoneMessages(String(5_511_930_000_000 + at))),
  );
  const got = phones.flat().filter((message) => message.id.startsWith(`3EB0${id.slice(4)}`));
  expect(got.every(({ copies }) => copies === 1)).toBe(true);
  expect(new Set(got.map((message) => message.id)).size).toBe(rows);
  expect(new Set(got.map((message) => message.text)).size).toBe(rows);
});

test("others are answered while an upload of very many rows comes", async () => {
  const rows = 30_000;
  const body = table(rows, 5_511_931_000_000);
  const { api_url: url } = pombo.ready;
  const settings = { send_at: new Date(Date.now() + 86_400_000).toISOString() };
  const over = new AbortController();
  const { answered } = upload(body, { url, once: "large", settings });
  const uploading = answered.finally(() => over.abort());
  const took: number[] = [];
  while (!over.signal.aborted) {
    const from = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    expect((await pombo.api("GET", "/v1/devices")).status).toBe(200);
    took.push(performance.now() - from);
  }
  expect(await uploading).toMatchObject({ status: 202, body: { accepted: rows } });
  const [batch] = await batches();
  expect(batch).toMatchObject({ status: "ready", counts: { scheduled: rows } });
  expect(took.length).toBeGreaterThan(5);
  expect(Math.max(...took)).toBeLessThan(1_000);
  const results = await fetch(`${url}/v1/batches/${String(batch?.batch_id)}/results.csv`, {
    headers: { authorization: `Bearer ${pombo.ready.api_key}` },
  });
  expect((await results.text()).split("\r\n")).toHaveLength(rows + 2);
  await pombo.api("POST", `/v1/batches/${String(batch?.batch_id)}/cancel`);
  const [canceled] = await batches();
  expect(canceled).toMatchObject({ status: "canceled", counts: { canceled: rows } });
});
