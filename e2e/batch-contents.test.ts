import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { MediaHost, png, serve } from "./media-host.ts";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;
let next = 0;
const someone = () => `55119500${String((next += 1)).padStart(5, "0")}`;

beforeAll(async () => {
  const env = { ...QUICK, POMBO_LOOPBACK_URLS: "1", POMBO_MEDIA_LOOK_MS: "1000" };
  pombo = await Pombo.start({ env });
});
afterAll(() => pombo[Symbol.asyncDispose]());

interface Made {
  readonly batch_id: string;
  readonly accepted: number;
}

/** Sends a batch, and waits until every row was read. */
async function send(body: object, rows: readonly object[]): Promise<string> {
  const made = await pombo.api<Made>("POST", "/v1/batches", {
    from: pombo.ready.device_id,
    ...body,
    rows,
  });
  expect(made, JSON.stringify(made.body)).toMatchObject({
    status: 202,
    body: { accepted: rows.length },
  });
  const { batch_id: id } = made.body;
  const path = `/v1/batches/${id}`;
  await eventually(
    () => pombo.api<{ readonly counts: { readonly read: number } }>("GET", path),
    (answer) => answer.body.counts.read === rows.length,
    60_000,
  );
  return id;
}

const rowId = (batch: string, row: number): string =>
  `3EB0${batch.slice("bat_".length)}${row.toString(16).toUpperCase().padStart(7, "0")}`;

/** The bytes that the phone decrypts. */
async function file(phone: string, id: string): Promise<Buffer> {
  const answer = await fetch(
    `${pombo.ready.control_url}/admin/phones/${phone}/messages/${id}/media`,
  );
  if (!answer.ok) throw new Error(await answer.text());
  return Buffer.from(await answer.arrayBuffer());
}

async function shown(phone: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  return ((await pombo.phoneMessages(phone)) as readonly Record<string, unknown>[])[0];
}

const sides = [10, 20, 30];

function pictures() {
  return MediaHost.open(
    Object.fromEntries(sides.map((side) => [`/${side}.png`, serve(png(side), "image/png")])),
  );
}

test("a template with an address for each row gives everybody their own file and words", async () => {
  await using host = await pictures();
  const rows = sides.map((side) => ({ to: someone(), side, name: `Ana ${side}` }));
  const image = { url: `${host.url}/{{side}}.png`, caption: String.raw`\{{ {{name}}` };
  const batch = await send({ template: { image } }, rows);
  for (const [index, { to, side, name }] of rows.entries()) {
    // oxlint-disable no-await-in-loop -- one phone after the other
    expect((await file(to, rowId(batch, index + 1))).equals(png(side))).toBe(true);
    expect(await shown(to)).toMatchObject({ type: "image", text: `{{ ${name}` });
    // oxlint-enable no-await-in-loop
  }
});

test("a template with one file for all fetches it once", async () => {
  await using host = await pictures();
  const rows = [1, 2, 3].map((n) => ({ to: someone(), n }));
  await send({ template: { image: { url: `${host.url}/10.png`, caption: "{{n}}" } } }, rows);
  expect(await Promise.all(rows.map(async ({ to }) => (await shown(to))?.["text"]))).toEqual([
    "1",
    "2",
    "3",
  ]);
  expect(host.asked.get("/10.png")).toBe(1);
});

test("rows without a template bring contents of any kind", async () => {
  await using host = await pictures();
  const place = { latitude: -23.5, longitude: 46.25, name: "there" };
  const question = { question: "?", options: ["a", "b"] };
  const contents = [
    { text: "plain {{no}}" },
    { image: { url: `${host.url}/20.png` } },
    { image: { url: `${host.url}/30.png` } },
    { location: place },
    { contact: { name: "Ana", phone: "+55 11 99999-9999" } },
    { poll: question },
  ];
  const rows = contents.map((content) => ({ to: someone(), ...content }));
  const batch = await send({}, rows);
  const phones = await Promise.all(rows.map(({ to }) => shown(to)));
  expect(phones).toMatchObject([
    { type: "text", text: "plain {{no}}" },
    { type: "image" },
    { type: "image" },
    { type: "location", location: place },
    { type: "contact", contact: { name: "Ana" } },
    { type: "poll", poll: question },
  ]);
  const [first, second] = await Promise.all(
    [1, 2].map((at) => file(rows[at]?.to ?? "", rowId(batch, at + 1))),
  );
  expect(first?.equals(png(20))).toBe(true);
  expect(second?.equals(png(30))).toBe(true);
});
