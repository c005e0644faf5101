import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, pieces, type ReadWhole, readWhole } from "./upload-fixture.ts";

const TEMPLATE = { template: "Hello {{name}}" };

function csv(text: string | Uint8Array, more: Partial<ReadWhole> = {}) {
  const source = { source: bytesOf(text), contentType: "text/csv" };
  return readWhole({ wanted: TEMPLATE, ...more, source: { ...source, ...more.source } });
}

function ndjson(text: string, more: Partial<ReadWhole> = {}) {
  const source = { source: bytesOf(text), contentType: "application/x-ndjson; charset=utf-8" };
  return readWhole({ wanted: TEMPLATE, ...more, source });
}

function json(value: unknown, more: Partial<ReadWhole> = {}) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const source = { source: bytesOf(text), contentType: "application/json" };
  return readWhole({ wanted: TEMPLATE, ...more, source });
}

const ANA = { to: "5511999990001", values: ["Ana"] };
const ENDED = { kind: "ended", rows: 1 };

function refused(code: string, detail?: RegExp, line?: number) {
  return {
    kind: "refused",
    problem: expect.objectContaining({
      code,
      ...(detail === undefined ? {} : { detail: expect.stringMatching(detail) }),
    }),
    ...(line === undefined ? {} : { line }),
  };
}

test("the three formats tell the same row", async () => {
  const row = { to: "+55 11 99999-0001", name: "Ana" };
  for (const read of [
    csv("to,name\n+55 11 99999-0001,Ana\n"),
    csv("name;to\r\nAna;+55 11 99999-0001"),
    csv('to\tname\n"+55 11 99999-0001"\tAna\n'),
    csv("\uFEFFto,name\n+55 11 99999-0001,Ana\n"),
    csv("sep=;\r\nto;name\r\n+55 11 99999-0001;Ana\r\n"),
    ndjson(`${JSON.stringify(row)}\r\n\r\n`),
    ndjson(`\uFEFF{"batch":{"from":"dev_x"}}\n${JSON.stringify(row)}`),
    json({ from: "dev_x", rows: [row] }),
    json({ rows: [row], from: "dev_x" }),
  ])
    // oxlint-disable-next-line no-await-in-loop
    expect(await read).toMatchObject({ stop: ENDED, rows: [ANA], errors: [] });
});

test("settings come from the first line, or stand beside the rows", async () => {
  const settings = { from: "dev_x", template: "Hi" };
  expect((await ndjson(`\n{"batch":${JSON.stringify(settings)}}\n{}`)).settings).toEqual(settings);
  expect((await ndjson(`${JSON.stringify(settings)}\n{}`)).settings).toEqual(settings);
  expect((await ndjson('{"to":"1","from":"dev_x"}\n')).settings).toBeUndefined();
  expect((await ndjson('{"from":\n')).rows).toEqual([null]);
  expect((await json({ ...settings, rows: [{}] })).settings).toEqual(settings);
  expect((await ndjson('{"to":"1"}\n')).settings).toBeUndefined();
  // A row with a column of that name.
  expect((await ndjson('{"batch":"7","to":"5511999990001"}\n')).rows).toHaveLength(1);
  expect(await ndjson('{"batch":{"from":}}\n')).toMatchObject({
    stop: refused("INVALID_JSON", /settings is not valid JSON \(line 1\)/, 1),
  });
});

test("rows are numbered over good and bad ones, and keep their lines", async () => {
  const read = await csv('to,name\n\n5511999990001,"A\nna"\nbad,Bob\n5511999990003,Eve\n');
  expect(read.rows.map((row) => row?.to ?? null)).toEqual(["5511999990001", null, "5511999990003"]);
  expect(read.chunks[0]).toMatchObject({ index: 0, fromRow: 1, lines: [3, 5, 6] });
  expect(read.errors).toMatchObject([
    { row: 2, line: 5, field: "to", value: "bad", kind: "invalid" },
  ]);
});

test("chunks have 500 rows, and their hashes are a chain", async () => {
  const table = (from: number, rows: number) =>
    Array.from({ length: rows }, (_, index) => `55119999${10_000 + from + index},Ana\n`).join("");
  const whole = await csv(`to,name\n${table(0, 1_200)}`);
  expect(whole.chunks.map((chunk) => chunk.lines.length)).toEqual([500, 500, 200]);
  expect(whole.chunks.map((chunk) => chunk.fromRow)).toEqual([1, 501, 1_001]);
  expect(whole.stop).toEqual({ kind: "ended", rows: 1_200 });

  const hashes = whole.chunks.map((chunk) => chunk.hash);
  expect(new Set(hashes).size).toBe(3);
  const changed = await csv(`to,name\n${table(0, 700)}${table(5_000, 500)}`);
  expect(changed.chunks.map((chunk) => chunk.hash).slice(0, 1)).toEqual(hashes.slice(0, 1));
  expect(changed.chunks.map((chunk) => chunk.hash)[1]).not.toBe(hashes[1]);
  // The same rows after another beginning.
  expect(changed.chunks.map((chunk) => chunk.hash)[2]).not.toBe(hashes[2]);
  const seeded = await csv(`to,name\n${table(0, 500)}`, { seed: "other" });
  expect(seeded.chunks[0]?.hash).not.toBe(hashes[0]);
});

test("how values were written does not change their hash", async () => {
  const first = async (read: ReturnType<typeof csv>) => (await read).chunks[0]?.hash;
  expect(await first(csv('to;name\r\n"5511999990001";Ana'))).toBe(
    await first(csv("to,name\n5511999990001,Ana\n")),
  );
  expect(await first(ndjson('{ "to": "5511999990001", "name": "\\u0041na" }'))).toBe(
    await first(ndjson('\n{"to":"5511999990001","name":"Ana"}\r\n')),
  );
  expect(await first(csv("to,name\n5511999990001,A\n"))).not.toBe(
    await first(csv("to,name\n551199999000,1A\n")),
  );
});

test("what is no text of ours is refused, with its line", async () => {
  const utf16 = Buffer.from("\uFEFFto,name\n5511999990001,Ana\n", "utf16le");
  const latin1 = Buffer.from("to,name\n5511999990001,Ana\n5511999990002,José\n", "latin1");
  expect(await csv(utf16)).toMatchObject({ stop: refused("INVALID_JSON", /UTF-16/, 1) });
  expect(await csv(utf16.swap16())).toMatchObject({ stop: refused("INVALID_JSON", /UTF-16/) });
  expect(await csv(utf16.swap16().subarray(2))).toMatchObject({
    stop: refused("INVALID_JSON", /UTF-16/),
  });
  expect(await csv(latin1)).toMatchObject({
    stop: refused("INVALID_JSON", /not valid UTF-8 \(line 3\)/, 3),
  });
  expect(
    await csv(Buffer.concat([Buffer.from("to,name\n"), Buffer.from([0xf0, 0x9f])])),
  ).toMatchObject({
    stop: refused("INVALID_JSON", /UTF-8 \(line 2\)/),
  });
  expect(await csv("to,name\n5511999990001,A\0na\n")).toMatchObject({
    stop: refused("INVALID_JSON", /NUL bytes.*line 2/, 2),
  });
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]);
  expect(await csv(png)).toMatchObject({ stop: refused("INVALID_JSON", /UTF-8|NUL/) });
  expect(await csv(gzipSync("to,name\n"))).toMatchObject({
    stop: refused("INVALID_JSON", /Content-Encoding/),
  });
  expect(await csv(Buffer.from("PK\u0003\u0004\0\0\0\0"))).toMatchObject({
    stop: refused("INVALID_JSON", /workbook or another zip file: export it as CSV/),
  });
});

test("an upload with nothing in it says so", async () => {
  for (const read of [csv(""), csv("\uFEFF"), csv("\n\r\n"), ndjson(""), ndjson(" \n\n"), json("")])
    // oxlint-disable-next-line no-await-in-loop
    expect(await read).toMatchObject({ stop: refused("INVALID_JSON", /empty/) });
  for (const read of [csv("to,name\n"), ndjson('{"batch":{}}\n'), json({ rows: [] })])
    // oxlint-disable-next-line no-await-in-loop
    expect(await read).toMatchObject({ stop: refused("VALIDATION_ERROR", /no rows/) });
  expect(await json({ from: "x" })).toMatchObject({ stop: refused("VALIDATION_ERROR") });
  expect(await json({ rows: 5 })).toMatchObject({ stop: refused("VALIDATION_ERROR") });
});

test("a header that does not fit is told column by column", async () => {
  const wrong = async (text: string, wanted: ReadWhole["wanted"] = TEMPLATE) => {
    const { stop } = await csv(text, { wanted });
    return stop.kind === "refused" ? stop.problem.validation?.map((entry) => entry.message) : stop;
  };
  expect(await wrong("x,name\n1,2\n", { ...TEMPLATE, extraColumns: true })).toEqual([
    'there is no column "to"',
  ]);
  expect(await wrong("to,x\n1,2\n", {})).toEqual([
    'unknown column "x"; the known columns are to, client_ref, metadata, text, image.url, image.media_id, image.caption, image.file_name and others; extra_columns=ignore leaves out what is unknown',
    "there is no template, and no column with a content, like text or image.url",
  ]);
  expect(await wrong("Telefone,name\n1,2\n", { ...TEMPLATE, extraColumns: true })).toEqual([
    'there is no column "to"; if "Telefone" is whom to send to, call it "to"',
  ]);
  expect(await wrong(`to,name,${"x".repeat(5_000)}\n1,2,3\n`)).toEqual([
    expect.stringMatching(/^unknown column "x{80}…"; the known/),
  ]);
  expect(await wrong("To,name\n1,2\n")).toEqual([
    'there is no column "to"; did you mean "To"?',
    'unknown column "To"; did you mean "to"?',
  ]);
  expect(await wrong("to,nme\n1,2\n")).toEqual([
    'template names {{name}}, but there is no such column; did you mean "nme"?',
    'unknown column "nme"; did you mean "name"?',
  ]);
  expect(await wrong("to,name,city\n1,2,3\n")).toEqual([
    'unknown column "city"; the known columns are to, client_ref, metadata, name; extra_columns=ignore leaves out what is unknown',
  ]);
  expect(await wrong("to,name,name\n1,2,3\n")).toEqual([
    'The header has the column "name" twice (line 1)',
  ]);
  expect(await wrong("to,,name\n1,2,3\n")).toEqual(["Column 2 of the header has no name (line 1)"]);
  expect(await wrong("to,client_ref\n1,2\n", {})).toEqual([
    "there is no template, and no column with a content, like text or image.url",
  ]);
  const extra = await csv("to,name,city\n5511999990001,Ana,Recife\n", {
    wanted: { ...TEMPLATE, extraColumns: true },
  });
  expect(extra).toMatchObject({ stop: ENDED, rows: [ANA] });
});

test("type and encoding of an upload are named when they are others", async () => {
  const open = (contentType: string | undefined, contentEncoding?: string) =>
    readWhole({ source: { source: bytesOf("to\n"), contentType, contentEncoding } });
  for (const type of [undefined, "", "text/plain", "text/csv; charset=latin1", "application/xml"])
    // oxlint-disable-next-line no-await-in-loop
    expect(await open(type)).toMatchObject({
      stop: refused("UNSUPPORTED_MEDIA_TYPE", /content type/),
    });
  expect(await open("text/csv", "br")).toMatchObject({
    stop: refused("UNSUPPORTED_MEDIA_TYPE", /gzip or none/),
  });
});

test("gzip is read as it comes", async () => {
  const rows = Array.from(
    { length: 30_000 },
    (_, index) => `55119${10_000_000 + index},N${index}\n`,
  );
  const packed = gzipSync(`to,name\n${rows.join("")}`);
  const read = await csv("", {
    source: {
      source: pieces(packed, [1, 2, 10, 70_000]),
      contentEncoding: "gzip",
      contentType: "text/csv",
    },
  });
  expect(read.stop).toEqual({ kind: "ended", rows: 30_000 });
  expect(read.rows.at(-1)).toEqual({ to: "5511910029999", values: ["N29999"] });
});

test("gzip that lacks its end is a broken upload, gzip that is wrong a bad one", async () => {
  const packed = gzipSync("to,name\n5511999990001,Ana\n");
  const read = async (bytes: Uint8Array) => {
    const source = { source: bytesOf(bytes), contentEncoding: "gzip", contentType: "text/csv" };
    return (await csv("", { source })).stop;
  };
  expect(await read(packed)).toEqual(ENDED);
  for (const end of [packed.length - 1, packed.length - 8, 12, 5])
    // oxlint-disable-next-line no-await-in-loop
    expect(await read(packed.subarray(0, end)), String(end)).toMatchObject({ kind: "broken" });
  expect(await read(Buffer.from("to,name\n"))).toMatchObject(
    refused("INVALID_JSON", /decompressed/),
  );
  const other = Buffer.from(packed);
  other[other.length - 6] = (other[other.length - 6] ?? 0) ^ 0xff;
  expect(await read(other)).toMatchObject(refused("INVALID_JSON", /decompressed/));
  expect(await read(Buffer.concat([packed, Buffer.from("something else")]))).toMatchObject(
    refused("INVALID_JSON", /decompressed/),
  );
});

test("gzip in several members is one upload", async () => {
  const members = [gzipSync("to,name\n5511999990001,Ana\n"), gzipSync("5511999990002,Bob\n")];
  const read = (...bytes: readonly Uint8Array[]) =>
    csv("", {
      source: { source: bytesOf(...bytes), contentEncoding: "gzip", contentType: "text/csv" },
    });
  const ended = { kind: "ended", rows: 2 };
  expect(await read(...members)).toMatchObject({ stop: ended });
  expect(await read(Buffer.concat(members))).toMatchObject({ stop: ended });
  expect(await read(...members, Buffer.alloc(512))).toMatchObject({ stop: ended });
  const cut = Buffer.concat(members).subarray(0, -5);
  expect(await read(cut)).toMatchObject({ stop: { kind: "broken" } });
});

test("an upload past its limit is refused by what it claims, and by what comes", async () => {
  const text = "to,name\n5511999990001,Ana\n";
  const limits = { batch_body_limit_bytes: 20, batch_json_limit_bytes: 10 };
  const source = (more: object) => ({ source: bytesOf(text), contentType: "text/csv", ...more });
  const tooLarge = { stop: refused("PAYLOAD_TOO_LARGE", /larger than 20 bytes/) };
  expect(await csv("", { limits, source: source({ claimedBytes: 21 }) })).toMatchObject(tooLarge);
  expect(await csv("", { limits, source: source({}) })).toMatchObject(tooLarge);
  const packed = gzipSync(`to,name\n${"x".repeat(1_000)}`);
  expect(
    await csv("", {
      limits: { batch_body_limit_bytes: 100 },
      source: source({ source: bytesOf(packed), contentEncoding: "gzip" }),
    }),
  ).toMatchObject({ stop: refused("PAYLOAD_TOO_LARGE", /larger than 100 bytes/) });
  expect(await json({ rows: [{}] }, { limits })).toMatchObject({
    stop: refused("PAYLOAD_TOO_LARGE", /larger than 10 bytes/),
  });
});

test("a zip bomb is refused before it is unpacked", async () => {
  const row = `5511999990001,${"Ana".repeat(300)}\n`;
  const bomb = gzipSync(`to,name\n${row.repeat(20_000)}`);
  const source = { source: bytesOf(bomb), contentEncoding: "gzip", contentType: "text/csv" };
  const read = await csv("", { source, limits: { batch_gzip_ratio: 100 } });
  expect(read.stop).toMatchObject(refused("PAYLOAD_TOO_LARGE", /expands more than 100 times/));
  expect(read.rows.length).toBeLessThan(12_000);
});

test("an upload that stops short of what it claims, or fails, is broken: its last rows are not told", async () => {
  const rows = Array.from({ length: 1_400 }, (_, index) => `55119999${10_000 + index},Ana\n`).join(
    "",
  );
  const short = await csv("", {
    source: {
      source: bytesOf("to,name\n", rows),
      claimedBytes: rows.length + 9,
      contentType: "text/csv",
    },
  });
  expect(short.stop).toMatchObject({ kind: "broken" });
  expect(short.rows).toHaveLength(1_000);

  const failing = new Readable({ read() {} });
  failing.push(`to,name\n${rows}`);
  queueMicrotask(() => failing.destroy(new Error("aborted")));
  const source = { source: failing as AsyncIterable<Uint8Array>, contentType: "text/csv" };
  expect((await csv("", { source })).stop).toMatchObject({ kind: "broken" });
});

test("an upload that was cut anywhere has told the first chunks of the whole one", async () => {
  const rows = Array.from({ length: 2_600 }, (_, index) => `55119999${10_000 + index},"A\nna"\n`);
  const bytes = Buffer.from(`to,name\n${rows.join("")}`);
  const read = (end: number) =>
    csv("", {
      source: {
        source: bytesOf(bytes.subarray(0, end)),
        claimedBytes: bytes.length,
        contentType: "text/csv",
      },
    });
  const whole = (await read(bytes.length)).chunks.map(({ hash }) => hash);
  expect(whole).toHaveLength(6);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 20, max: bytes.length - 1 }), async (end) => {
      const { stop, chunks } = await read(end);
      expect(stop.kind).toBe("broken");
      expect(chunks.map(({ hash }) => hash)).toEqual(whole.slice(0, chunks.length));
      expect(chunks.length).toBeLessThan(6);
    }),
    { numRuns: 20 },
  );
});

test("a source that is not read to its end is left open, and can be read on", async () => {
  for (const contentEncoding of ["identity", "gzip"]) {
    const source = new Readable({ read() {} });
    source.push("to,name\n\0");
    source.push("x".repeat(20_000));
    // oxlint-disable-next-line no-await-in-loop
    const { stop } = await csv("", {
      source: { source, contentEncoding, contentType: "text/csv" },
    });
    expect(stop).toMatchObject({ kind: "refused" });
    expect(source.destroyed).toBe(false);
    source.push("rest");
    expect(String(source.read())).toMatch(/rest$/);
  }
});

test("a row longer than it may be is a bad row, and the next one a good one", async () => {
  const limits = { batch_row_limit_chars: 100 };
  const long = "x".repeat(200);
  for (const read of [
    csv(`to,name\n5511999990001,${long}\n5511999990001,Ana\n`, { limits }),
    ndjson(`{"to":"${long}"}\n{"to":"5511999990001","name":"Ana"}\n`, { limits }),
    json({ rows: [{ to: long }, { to: "5511999990001", name: "Ana" }] }, { limits }),
  ])
    // oxlint-disable-next-line no-await-in-loop
    expect(await read).toMatchObject({
      stop: { kind: "ended", rows: 2 },
      rows: [null, ANA],
      errors: [{ row: 1, code: "PAYLOAD_TOO_LARGE" }],
    });
  expect(await csv(`to,name\n5511999990001,"${long.repeat(10)}\n`, { limits })).toMatchObject({
    stop: refused(
      "INVALID_JSON",
      /line 2 is longer than 1600 characters: is a quote not closed/,
      2,
    ),
  });
});

const cell = fc.string({
  unit: fc.constantFrom("a", "é", "😀", '"', "\n", ",", "\r\n"),
  maxLength: 8,
});

test("any cutting of the bytes gives the same rows, errors and hashes", async () => {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom("5511999990001", "bad", ""), cell), { maxLength: 30 }),
      fc.constantFrom("csv", "ndjson", "json"),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 10 }),
      async (table, format, zip, cuts) => {
        const rows = table.map(([to, name]) => ({ to, name }));
        const text = {
          csv: `to,name\n${table.map((row) => `${row.map(quoted).join(",")}\n`).join("")}`,
          ndjson: rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
          json: JSON.stringify({ rows }),
        }[format];
        const types = { csv: "text/csv", ndjson: "application/x-ndjson", json: "application/json" };
        const bytes = zip ? gzipSync(text) : Buffer.from(text);
        const read = async (places: readonly number[]) => {
          const source = {
            source: pieces(bytes, places),
            contentType: types[format],
            ...(zip ? { contentEncoding: "gzip" } : {}),
          };
          const whole = await readWhole({ source, wanted: TEMPLATE });
          const hashes = whole.chunks.map(({ hash, lines }) => ({ hash, lines }));
          return { ...whole, chunks: hashes };
        };
        const whole = await read([]);
        expect(await read(cuts)).toEqual(whole);
        const good = table.map(([to, name]) => to === "5511999990001" && name.trim() !== "");
        expect(whole.rows.map((row) => row !== null)).toEqual(good);
      },
    ),
  );
});

test("whatever bytes come, the upload ends with a reason, and every row with a verdict", async () => {
  const marks = fc
    .array(
      fc.constantFrom(
        ...'to,name;{}[]:"\\\n\r\t0\u00e9'.split(""),
        '"to"',
        '"rows"',
        "{{",
        '{"batch":',
        "5511999990001",
        "null",
      ),
      { maxLength: 40 },
    )
    .map((parts) => Buffer.from(parts.join("")));
  const bytes = fc.oneof(marks, fc.uint8Array({ maxLength: 60 }));
  const types = fc.constantFrom("text/csv", "application/x-ndjson", "application/json");
  await fc.assert(
    fc.asyncProperty(bytes, types, fc.boolean(), async (given, contentType, zipped) => {
      const source = {
        source: bytesOf(given),
        contentType,
        ...(zipped ? { contentEncoding: "gzip" } : {}),
      };
      const { stop, rows, errors } = await readWhole({ source, wanted: { extraColumns: true } });
      if (stop.kind === "refused") expect(stop.problem.code).toMatch(/^[A-Z_]+$/);
      else expect(["broken", "ended"]).toContain(stop.kind);
      const refusedRows = new Set(errors.map(({ row }) => row));
      for (const [index, row] of rows.entries())
        expect(refusedRows.has(index + 1)).toBe(row === null);
    }),
    { numRuns: 1_000 },
  );
});
