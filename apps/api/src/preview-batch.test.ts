import type { BatchPreviewBody } from "@pombo/contract";
import type { DeviceId } from "@pombo/domain";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { digestStore } from "./digest-store.ts";
import { openTestApi, type TestApi } from "./open-test-api.ts";

let api: TestApi;
let device: DeviceId;

beforeEach(async () => {
  api = await openTestApi({ batch_preview_rows: 1_000 });
  onTestFinished(() => api[Symbol.asyncDispose]());
  device = await api.addDevice();
});

const csv = (rows: readonly string[], header = "to,name,client_ref"): string =>
  [header, ...rows, ""].join("\n");

async function preview(
  body: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<BatchPreviewBody> {
  const query = new URLSearchParams({ from: device, template: "Hello {{name}}", ...settings });
  const answer = await api.call("POST", `/v1/batches/preview?${query.toString()}`, {
    body,
    headers: { "content-type": "text/csv" },
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as unknown as BatchPreviewBody;
}

const codes = ({ warnings }: BatchPreviewBody): readonly string[] =>
  warnings.map(({ code }) => code);

test("every row is counted once, by what would become of it, and nothing is written", async () => {
  await api.ledger.addSuppressions([{ recipient: "5511900000004", reason: "manual" }], {
    by: "key_0",
    now: Date.now(),
  });
  const query = new URLSearchParams({ from: device, template: "x {{name}}" });
  await api.call("POST", `/v1/batches?${query.toString()}`, {
    body: csv(["5511900000009,Zé,taken"]),
    headers: { "content-type": "text/csv" },
  });
  const before = await digestStore(api.redis);
  const body = await preview(
    csv([
      "5511900000001,Ana,a",
      "12,Bo,b",
      "5511900000003,,c",
      "5511900000004,Dora,d",
      "5511900000005,Eva,a",
      "5511900000006,Fabio,taken",
      "5511900000007,Gil,g",
    ]),
  );
  expect(body).toMatchObject({
    rows: 7,
    complete: true,
    accepted: 2,
    invalid: 2,
    duplicate: 2,
    suppressed: 1,
    warm: 0,
    cold: 2,
    on_whatsapp: { yes: 0, no: 0, unknown: 2 },
  });
  expect(body.sample.map(({ row, line, text }) => [row, line, text])).toEqual([
    [1, 2, "Hello Ana"],
    [7, 8, "Hello Gil"],
  ]);
  expect(body.errors.map(({ line, kind, field }) => [line, kind, field])).toEqual([
    [3, "invalid", "to"],
    [4, "invalid", "name"],
    [5, "suppressed", "to"],
    [6, "duplicate", "client_ref"],
    [7, "duplicate", "client_ref"],
  ]);
  expect(body.errors[3]).toMatchObject({ message: "the same client_ref as row 1" });
  expect(body.errors[4]?.message_id).toMatch(/^3EB0[0-9A-F]{18}$/);
  expect(await digestStore(api.redis)).toEqual(before);
});

test("what the upload then gives is what was foretold", async () => {
  const rows = csv([
    "5511900000001,Ana,a",
    "1,Bo,b",
    "5511900000003,Cy,a",
    "5511900000004,Di,",
    "5511900000004,Ed,",
  ]);
  for (const dedupe of ["none", "recipient", "client_ref"]) {
    // oxlint-disable-next-line no-await-in-loop -- a fresh installation each would tell nothing more
    const told = await preview(rows, { dedupe });
    const query = new URLSearchParams({ from: device, template: "Hello {{name}}", dedupe });
    // oxlint-disable-next-line no-await-in-loop
    const { body } = await api.call("POST", `/v1/batches?${query.toString()}`, {
      body: rows,
      headers: { "content-type": "text/csv" },
    });
    const { accepted, invalid, duplicate, suppressed } = told;
    expect(body, dedupe).toMatchObject({ accepted, invalid, duplicate, suppressed });
  }
});

test("numbers are shown as people write them, with the other names that they may have", async () => {
  const body = await preview(
    csv([
      "+55 (31) 98765-4321,Ana,",
      "5215512345678,Bo,",
      "999123456789,Cy,",
      "120363039000000000@g.us,All,",
    ]),
  );
  expect(body.sample.map(({ to, international, valid }) => [to, international, valid])).toEqual([
    ["5531987654321", "+55 31 98765 4321", true],
    ["5215512345678", "+52 15512345678", true],
    ["999123456789", "+999123456789", false],
    ["120363039000000000@g.us", null, true],
  ]);
  expect(body.sample.map(({ suggestions }) => suggestions)).toEqual([
    [{ to: "553187654321", hint: "brazil_ninth_digit" }],
    [{ to: "525512345678", hint: "mexico_mobile_1" }],
    [],
    [],
  ]);
  expect(body.warnings).toContainEqual(
    expect.objectContaining({ code: "doubtful_numbers", count: 1 }),
  );
});

test("what is known of numbers is told with its age, and warm chats are told apart", async () => {
  await api.ledger.rememberRecipient("5511900000001", { lid: "71" });
  await api.ledger.rememberRecipient("5511900000002", undefined);
  await api.ledger.warmUp(device, "5511900000001", Date.now() + 60_000);
  const body = await preview(
    csv(["5511900000001,A,", "5511900000002,B,", "5511900000003,C,", "5511900000004,D,"]),
    { look_up: "0" },
  );
  expect(body).toMatchObject({ warm: 1, cold: 3, on_whatsapp: { yes: 1, no: 1, unknown: 2 } });
  expect(body.sample.map((row) => [row.on_whatsapp, row.age_s === null, row.warm])).toEqual([
    ["yes", false, true],
    ["no", false, false],
    ["unknown", true, false],
    ["unknown", true, false],
  ]);
  expect(codes(body)).toEqual(
    expect.arrayContaining(["device_offline", "cold_share", "not_on_whatsapp", "speed_assumed"]),
  );
});

test("the end is foretold by the pace, and what would make it late is told", async () => {
  const rows = Array.from({ length: 61 }, (_, at) => `${5_511_900_000_000 + at},x,`);
  await api.ledger.editDevice(device, { pace: { perMinute: 60 } });
  const began = Date.now();
  const plain = await preview(csv(rows));
  const took = Date.parse(plain.forecast.finishes_at ?? "") - began;
  expect(took).toBeGreaterThan(59_000);
  expect(took).toBeLessThan(66_000);
  expect(plain.forecast).toMatchObject({ unsent: 0, limits: [], speed: "paced" });
  await api.ledger.editDevice(device, { pace: { perMinute: 60, coldDailyCap: 10 } });
  const capped = await preview(csv(rows));
  expect(codes(capped)).toContain("cold_daily_cap");
  expect(Date.parse(capped.forecast.finishes_at ?? "") - began).toBeGreaterThan(5 * 86_400_000);
  const expires_at = new Date(began + 3 * 86_400_000).toISOString();
  const late = await preview(csv(rows), { expires_at });
  expect(late.forecast.finishes_at).toBeNull();
  expect(codes(late)).toContain("expires_first");
  expect(late.forecast.unsent).toBeGreaterThan(0);
});

test("a batch that waits its turn goes first by no more than its half, and its own eta is foretold", async () => {
  await api.ledger.editDevice(device, { pace: { perMinute: 60 } });
  const rows = csv(Array.from({ length: 60 }, (_, at) => `${5_511_900_000_000 + at},x,`));
  const query = new URLSearchParams({ from: device, template: "Hello {{name}}" });
  const { body } = await api.call("POST", `/v1/batches?${query.toString()}`, {
    body: rows,
    headers: { "content-type": "text/csv" },
  });
  const path = `/v1/batches/${String(body["batch_id"])}`;
  const now = Date.now();
  const { forecast, eta } = (await api.call("GET", path)).body as {
    forecast: { finishes_at: string };
    eta: string | null;
  };
  expect((Date.parse(forecast.finishes_at) - now) / 60_000).toBeCloseTo(1, 0);
  expect(eta).toBeNull();
  const own = await api.ledger.take(device, "test");
  if (own === undefined) throw new Error("the lease is taken");
  await api.ledger.changeDevice(own, { state: "connected", now });
  const moving = (await api.call("GET", path)).body as { eta: string; forecast: object };
  expect(moving.forecast).toMatchObject({ finishes_at: moving.eta });
  const second = await preview(csv(["5511800000001,y,"]), { look_up: "0" });
  expect(Date.parse(second.forecast.finishes_at ?? "") - now).toBeLessThan(10_000);
  const equal = await preview(rows.replaceAll("55119", "55118"), { look_up: "0" });
  expect((Date.parse(equal.forecast.finishes_at ?? "") - now) / 120_000).toBeCloseTo(1, 0);
  await api.call("POST", `${path}/pause`);
  expect((await api.call("GET", path)).body).toMatchObject({ forecast: null, eta: null });
});

test("a file that was never kept is told for its row, or refused in the template, and nothing is kept longer", async () => {
  const before = await digestStore(api.redis);
  const rows = [
    { to: "5511900000001", image: { media_id: "med_00000000000000000000000000000000" } },
  ];
  const told = await api.call("POST", "/v1/batches/preview", { body: { from: device, rows } });
  expect(told).toMatchObject({ status: 200, body: { accepted: 0, invalid: 1 } });
  expect(told.body["errors"]).toMatchObject([
    { field: "image.media_id", error_code: "MEDIA_UNACCEPTABLE" },
  ]);
  const template = { image: { media_id: "med_00000000000000000000000000000000" } };
  const plain = [{ to: "5511900000001" }];
  const body = { from: device, template, rows: plain };
  const refused = await api.call("POST", "/v1/batches/preview", { body });
  expect(refused).toMatchObject({ status: 422, body: { error_code: "MEDIA_UNACCEPTABLE" } });
  expect(await digestStore(api.redis)).toEqual(before);
});

test("an upload that is longer than a preview reads is told from its beginning", async () => {
  const rows = Array.from({ length: 1_700 }, (_, at) => `${5_511_900_000_000 + at},x,`);
  expect(await preview(csv(rows.slice(0, 1_000)))).toMatchObject({ rows: 1_000, complete: true });
  const body = await preview(csv(rows), { sample: "3" });
  expect(body).toMatchObject({ rows: 1_000, complete: false, accepted: 1_000 });
  expect(body.sample).toHaveLength(3);
  expect(codes(body)).toContain("not_all_read");
});

test("what can't be a batch is refused as the upload itself would be", async () => {
  const ask = async (query: Record<string, string>, body: string, type = "text/csv") => {
    const path = `/v1/batches/preview?${new URLSearchParams(query).toString()}`;
    const answer = await api.call("POST", path, { body, headers: { "content-type": type } });
    return [answer.status, answer.body["error_code"]];
  };
  const good = { from: device, template: "Hello {{name}}" };
  expect(await ask({ template: "x" }, "to\n5511900000001\n")).toEqual([400, "VALIDATION_ERROR"]);
  expect(await ask({ ...good, from: "dev_00000000000000ff" }, csv(["5511900000001,a,"]))).toEqual([
    404,
    "DEVICE_NOT_FOUND",
  ]);
  expect(await ask(good, "to\n5511900000001\n")).toEqual([400, "VALIDATION_ERROR"]);
  expect(await ask(good, csv([]))).toEqual([400, "VALIDATION_ERROR"]);
  expect(await ask(good, "x", "text/plain")).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  expect(await ask({ ...good, sample: "201" }, csv(["5511900000001,a,"]))).toEqual([
    400,
    "VALIDATION_ERROR",
  ]);
});
