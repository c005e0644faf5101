import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { Pombo, QUICK } from "./pombo.ts";

interface Preview {
  readonly accepted: number;
  readonly on_whatsapp: { readonly yes: number; readonly no: number; readonly unknown: number };
  readonly forecast: { readonly finishes_at: string; readonly speed: string };
  readonly warnings: readonly { readonly code: string; readonly count: number }[];
  readonly sample: readonly {
    readonly to: string;
    readonly on_whatsapp: string;
    readonly age_s: number | null;
  }[];
}

let pombo: Pombo;

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());

async function ask<Body>(path: string, body: object): Promise<Body> {
  const answer = await pombo.api<Body>("POST", path, body);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

const batch = (numbers: readonly string[]) => ({
  from: pombo.ready.device_id,
  template: "Hello {{name}}",
  rows: numbers.map((to) => ({ to, name: "you" })),
});

test("a preview asks WhatsApp about as many numbers as it may, and writes to nobody", async () => {
  const [yes, no, later] = ["5511922000001", "5511922000002", "5511922000003"];
  await pombo.control("POST", `/admin/phones/${no}/settings`, { on_whatsapp: false });
  const body = batch([yes, no, later]);
  const told = await ask<Preview>("/v1/batches/preview?look_up=2", body);
  expect(told.sample.map(({ to, on_whatsapp }) => [to, on_whatsapp])).toEqual([
    [yes, "yes"],
    [no, "no"],
    [later, "unknown"],
  ]);
  expect(told.sample.map(({ age_s }) => age_s === null)).toEqual([false, false, true]);
  const again = await ask<Preview>("/v1/batches/preview?look_up=0", body);
  expect(again.on_whatsapp).toEqual({ yes: 1, no: 1, unknown: 1 });
  expect(again.warnings).toContainEqual(
    expect.objectContaining({ code: "not_on_whatsapp", count: 1 }),
  );
  expect(await pombo.phoneMessages(yes)).toEqual([]);
});

const paces = [
  { name: "a steady pace", pace: { gap_ms: 400 }, rows: 26 },
  { name: "a pace with jitter", pace: { gap_ms: 300, jitter_ms: 300 }, rows: 26 },
  { name: "messages a minute", pace: { per_minute: 240 }, rows: 40 },
];

test.each(paces)("$name: the batch ends within 15 % of what was foretold", async (one) => {
  await pombo.api("PATCH", `/v1/devices/${pombo.ready.device_id}`, { pace: one.pace });
  const series = paces.indexOf(one);
  const numbers = Array.from({ length: one.rows }, (_, at) => `551192${series}${30_000_000 + at}`);
  const body = batch(numbers.map((number) => number.slice(0, 13)));
  // Whoever was looked up once is not looked up in the middle of the batch.
  const told = await ask<Preview>(`/v1/batches/preview?sample=200&look_up=200`, body);
  expect(told).toMatchObject({ accepted: one.rows, forecast: { speed: "paced" } });
  const began = Date.now();
  const { forecast } = await ask<Preview>("/v1/batches/preview?look_up=0", body);
  const { batch_id: id } = await ask<{ batch_id: string }>("/v1/batches", body);
  const done = await eventually(
    async () =>
      (await pombo.api<{ status: string; ended_at: string }>("GET", `/v1/batches/${id}`)).body,
    ({ status }) => status === "completed",
    60_000,
  );
  const [measured, foretold] = [done.ended_at, forecast.finishes_at].map(
    (text) => Date.parse(text) - began,
  );
  expect(Math.abs((foretold ?? 0) / (measured ?? 1) - 1)).toBeLessThan(0.15);
});
