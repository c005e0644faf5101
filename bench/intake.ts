import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { DEFAULT_SETTINGS } from "@pombo/domain";
import { openRules, openUpload, readRows } from "@pombo/intake";
import type { Options } from "./options.ts";
import { rounded, table } from "./report.ts";
import type { Stage } from "./stage.ts";
import { median } from "./statistics.ts";

interface Form {
  readonly title: string;
  readonly contentType: string;
  readonly zipped: boolean;
  /** Before the rows. */
  readonly head: string;
  readonly line: (row: number) => string;
}

const ROWS = 200_000;
/** About 300 bytes a row, as in an upload of 100,000 rows with 30 MB. */
const NOTE = "your parcel is on its way to you and will be there soon; ".repeat(4);
const TEMPLATE = "Hello {{name}}, {{note}}";

const csvLine = (row: number): string =>
  `55119${10_000_000 + row},"Ana, ${row}",ref-${row},"${NOTE}"\n`;
const ndjsonLine = (row: number): string =>
  `${JSON.stringify({ to: `55119${10_000_000 + row}`, name: `Ana, ${row}`, client_ref: `ref-${row}`, note: NOTE })}\n`;

const CSV = { contentType: "text/csv", head: "to,name,client_ref,note\n", line: csvLine };
const NDJSON = { contentType: "application/x-ndjson", head: "", line: ndjsonLine };

const FORMS: readonly Form[] = [
  { title: "CSV", zipped: false, ...CSV },
  { title: "CSV, gzip", zipped: true, ...CSV },
  { title: "NDJSON", zipped: false, ...NDJSON },
  { title: "NDJSON, gzip", zipped: true, ...NDJSON },
];

interface Timed {
  readonly seconds: number;
  /** Longest time that nothing else had its turn, ms. */
  readonly stallMs: number;
}

/** What reading an upload costs beside reading its lines: parsing, hashing, and judging every row. */
export async function intake(
  stage: Stage,
  { rounds }: Options,
  say: (line: string) => void,
): Promise<void> {
  const rows: (readonly string[])[] = [
    ["upload", "MB", "lines/s", "rows/s", "rows ÷ lines", "known rows/s", "longest stall ms"],
  ];
  for (const form of FORMS) {
    say(`intake: ${form.title}`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    rows.push(await contest(form, join(stage.folder, "upload"), rounds));
  }
  process.stdout.write(table(`intake: ${ROWS} rows`, rows));
}

async function contest(form: Form, file: string, rounds: number): Promise<readonly string[]> {
  await write(form, file);
  const lines: Timed[] = [];
  const read: Timed[] = [];
  const known: Timed[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // oxlint-disable no-await-in-loop -- in turn
    lines.push(await timed(() => countLines(form, file)));
    read.push(await timed(() => countRows(form, file, true)));
    known.push(await timed(() => countRows(form, file, false)));
    // oxlint-enable no-await-in-loop
  }
  const { size } = await stat(file);
  await rm(file);
  const rate = (times: readonly Timed[]): number =>
    ROWS / median(times.map(({ seconds }) => seconds));
  return [
    form.title,
    rounded(size / 1e6, 1),
    rounded(rate(lines), 0),
    rounded(rate(read), 0),
    rounded(rate(read) / rate(lines)),
    rounded(rate(known), 0),
    rounded(Math.max(...read.map(({ stallMs }) => stallMs)), 1),
  ];
}

async function write({ head, line, zipped }: Form, file: string): Promise<void> {
  function* text(): Generator<string> {
    yield head;
    for (let row = 0; row < ROWS; row += 1) yield line(row);
  }
  const into = createWriteStream(file);
  await (zipped
    ? pipeline(Readable.from(text()), createGzip(), into)
    : pipeline(Readable.from(text()), into));
}

async function timed(work: () => Promise<number>): Promise<Timed> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  const rows = await work();
  const seconds = (performance.now() - began) / 1_000;
  delay.disable();
  if (rows !== ROWS) throw new Error(`${rows} of ${ROWS} rows`);
  return { seconds, stallMs: delay.max / 1e6 };
}

async function countLines({ head, zipped }: Form, file: string): Promise<number> {
  const bytes = createReadStream(file);
  const input = zipped ? bytes.pipe(createGunzip()) : bytes;
  let lines = head === "" ? 0 : -1;
  for await (const _ of createInterface({ input })) lines += 1;
  return lines;
}

/** @param judges false: chunks are only compared by their hashes, as those of an upload that was stored already */
async function countRows(form: Form, file: string, judges: boolean): Promise<number> {
  const { contentType, zipped } = form;
  const encoding = zipped ? { contentEncoding: "gzip" } : {};
  const source = createReadStream(file);
  const opened = await openUpload({ source, contentType, ...encoding }, DEFAULT_SETTINGS);
  if (opened.kind !== "upload") throw new Error(opened.kind);
  await using upload = opened.upload;
  const ruled = openRules({ template: TEMPLATE, header: upload.header }, DEFAULT_SETTINGS);
  if (ruled.kind !== "rules") throw new Error(ruled.kind);
  let rows = 0;
  for await (const event of readRows(upload, { rules: ruled.rules, seed: "" }))
    if (event.kind === "chunk" && judges) rows += countGood((await event.read()).rows);
    else if (event.kind === "chunk") rows += event.lines.length;
  return rows;
}

function countGood(rows: readonly unknown[]): number {
  return rows.filter((row) => row !== null).length;
}
