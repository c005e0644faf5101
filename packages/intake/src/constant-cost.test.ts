import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DEFAULT_SETTINGS } from "@pombo/domain";
import { expect, test } from "vitest";
import { openUpload } from "./open-upload.ts";
import { readRows } from "./read-rows.ts";
import { openRules } from "./row-rules.ts";

const ROWS = 200_000;
const PIECE_ROWS = 1_000;

/** A table of `ROWS` rows, made while it is read; counts the pieces that were asked for. */
function bigTable() {
  const asked = { pieces: 0 };
  async function* source() {
    yield Buffer.from("to,name,client_ref\n");
    for (let row = 0; row < ROWS; row += PIECE_ROWS) {
      asked.pieces += 1;
      const line = (_: unknown, index: number): string =>
        `55119${10_000_000 + row + index},"Ana ""${row}""\n${index}",ref-${row + index}\n`;
      yield Buffer.from(Array.from({ length: PIECE_ROWS }, line).join(""));
    }
  }
  return { asked, source: source() };
}

async function openTable(source: AsyncIterable<Uint8Array>) {
  const opened = await openUpload({ source, contentType: "text/csv" }, DEFAULT_SETTINGS);
  if (opened.kind !== "upload") throw new Error(opened.kind);
  const { upload } = opened;
  const ruled = openRules({ template: "Hello {{name}}", header: upload.header }, DEFAULT_SETTINGS);
  if (ruled.kind !== "rules") throw new Error(ruled.kind);
  return { upload, chunks: readRows(upload, { rules: ruled.rules, seed: "" }) };
}

function collectGarbage(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("what an upload holds in memory does not grow with its rows", async () => {
  const { chunks } = await openTable(bigTable().source);
  let rows = 0;
  let early = 0;
  let most = 0;
  for await (const event of chunks) {
    if (event.kind !== "chunk") continue;
    const read = await event.read();
    rows += read.rows.length;
    if (rows === 20_000) early = collectGarbage();
    else if (rows > 20_000 && rows % 20_000 === 0) most = Math.max(most, collectGarbage());
  }
  expect(rows).toBe(ROWS);
  expect(most - early).toBeLessThan(4_194_304);
}, 60_000);

test("nothing is read ahead of what is pulled, but for a piece or two", async () => {
  const { asked, source } = bigTable();
  const { upload, chunks } = await openTable(source);
  await using _ = upload;
  expect(asked.pieces).toBeLessThanOrEqual(2);
  for (let chunk = 0; chunk < 10; chunk += 1)
    // oxlint-disable-next-line no-await-in-loop -- pulled one after the other
    await chunks.next();
  expect(asked.pieces).toBeLessThanOrEqual(7);
});

test("others have their turn at every piece of 64 KiB, however large the pieces of the source", async () => {
  const row = `{"to":"5511999990001","text":"${"x".repeat(100)}"}\n`;
  const bytes = Buffer.from(row.repeat(40_000));
  let turns = 0;
  let reading = true;
  const count = (): void => {
    turns += 1;
    if (reading) setImmediate(count);
  };
  setImmediate(count);
  async function* source() {
    yield bytes;
  }
  const opened = await openUpload(
    { source: source(), contentType: "application/x-ndjson" },
    DEFAULT_SETTINGS,
  );
  if (opened.kind !== "upload") throw new Error(opened.kind);
  const ruled = openRules({}, DEFAULT_SETTINGS);
  if (ruled.kind !== "rules") throw new Error(ruled.kind);
  for await (const event of readRows(opened.upload, { rules: ruled.rules, seed: "" }))
    if (event.kind === "ended") expect(event.rows).toBe(40_000);
  reading = false;
  expect(turns).toBeGreaterThanOrEqual(Math.floor(bytes.length / 65_536));
});
