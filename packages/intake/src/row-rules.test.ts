import type { ErrorCode } from "@pombo/domain";
import { expect, test } from "vitest";
import { bytesOf, readWhole } from "./upload-fixture.ts";
import type { RowsWanted } from "./row-rules.ts";

type Kind = readonly [
  what: string,
  /** A line of NDJSON, or a row of it. */
  row: unknown,
  field: string,
  value: unknown,
  code: ErrorCode,
  message: RegExp,
];

const TO = "5511999990001";
const text = "Hi";
const IMAGE = { url: "https://example.com/a.png" };
const LONG = "x".repeat(300);
const V = "VALIDATION_ERROR";

/** Every way known in which one row of an upload can be wrong. */
const KINDS: readonly Kind[] = [
  ["no recipient", { text }, "to", null, V, /^to is required/],
  ["an empty recipient", { to: "", text }, "to", "", V, /^to is required/],
  [
    "a recipient that is a number",
    { to: 5511999990001, text },
    "to",
    5511999990001,
    V,
    /^to is required/,
  ],
  ["too few digits", { to: "119999", text }, "to", "119999", V, /10 to 15 digits/],
  ["too many digits", { to: "1".repeat(16), text }, "to", "1".repeat(16), V, /10 to 15 digits/],
  [
    "letters in a number",
    { to: "55119999900O1", text },
    "to",
    "55119999900O1",
    V,
    /10 to 15 digits/,
  ],
  [
    "a rounded number",
    { to: "5,51199E+12", text },
    "to",
    "5,51199E+12",
    V,
    /spreadsheet has rounded/,
  ],
  [
    "a user JID that is none",
    { to: "12@s.whatsapp.net", text },
    "to",
    "12@s.whatsapp.net",
    "INVALID_CHAT_JID",
    /user JID/,
  ],
  [
    "an e-mail address",
    { to: "ana@example.com", text },
    "to",
    "ana@example.com",
    "INVALID_CHAT_JID",
    /user JID/,
  ],
  ["a LID", { to: "123@lid", text }, "to", "123@lid", "INVALID_CHAT_JID", /is a LID/],
  [
    "a group JID that is none",
    { to: "12@g.us", text },
    "to",
    "12@g.us",
    "INVALID_CHAT_JID",
    /group JID/,
  ],
  ["no content", { to: TO }, "text", null, V, /^exactly one of .* is required/],
  [
    "two contents",
    { to: TO, text, image: IMAGE },
    "image",
    "[elided: object of 1]",
    V,
    /but text is given as well/,
  ],
  ["an empty text", { to: TO, text: "" }, "text", "", V, /between 1 and 4096/],
  [
    "a text that is too long",
    { to: TO, text: "x".repeat(4_097) },
    "text",
    "[elided]",
    V,
    /between 1 and 4096/,
  ],
  ["a text that is none", { to: TO, text: 5 }, "text", 5, V, /between 1 and 4096/],
  ["half of a character", { to: TO, text: "\ud83d" }, "text", "\ud83d", V, /well-formed/],
  ["NUL in a text", { to: TO, text: "a\0" }, "text", "a\0", V, /NUL/],
  [
    "an unknown field",
    { to: TO, text, clientref: "1" },
    "clientref",
    "1",
    V,
    /did you mean "client_ref"/,
  ],
  [
    "a field of single sends only",
    { to: TO, text, from: "dev_x" },
    "from",
    "dev_x",
    V,
    /unknown field "from"/,
  ],
  [
    "an unknown field inside",
    { to: TO, image: { ...IMAGE, capton: "x" } },
    "image.capton",
    "x",
    V,
    /did you mean "caption"/,
  ],
  [
    "an empty client_ref",
    { to: TO, text, client_ref: "" },
    "client_ref",
    "",
    V,
    /between 1 and 255/,
  ],
  [
    "a client_ref that is too long",
    { to: TO, text, client_ref: `${LONG} ` },
    "client_ref",
    "[elided]",
    V,
    /between 1 and 255/,
  ],
  [
    "a client_ref that is a number",
    { to: TO, text, client_ref: 7 },
    "client_ref",
    7,
    V,
    /between 1 and 255/,
  ],
  [
    "metadata that is no object",
    { to: TO, text, metadata: "x" },
    "metadata",
    "x",
    V,
    /JSON object/,
  ],
  [
    "metadata that is too large",
    { to: TO, text, metadata: { a: "x".repeat(2_100) } },
    "metadata",
    "[elided: object of 1]",
    V,
    /at most 2048 bytes/,
  ],
  [
    "no source of a file",
    { to: TO, image: { caption: "x" } },
    "image",
    "[elided: object of 1]",
    V,
    /exactly one of url/,
  ],
  [
    "two sources of a file",
    { to: TO, image: { ...IMAGE, media_id: "med_1" } },
    "image",
    "[elided: object of 2]",
    V,
    /exactly one of url/,
  ],
  [
    "an address that is none",
    { to: TO, image: { url: "ftp://x" } },
    "image.url",
    "ftp://x",
    V,
    /http or https/,
  ],
  [
    "a caption that is too long",
    { to: TO, image: { ...IMAGE, caption: "é".repeat(1_025) } },
    "image.caption",
    expect.stringMatching(/1025 characters/),
    V,
    /1 to 1024/,
  ],
  [
    "a media type that is none",
    { to: TO, image: { ...IMAGE, mime_type: "png" } },
    "image.mime_type",
    "png",
    V,
    /media type/,
  ],
  [
    "a voice note that is no audio",
    { to: TO, image: { ...IMAGE, ptt: true } },
    "image.ptt",
    true,
    V,
    /audio only/,
  ],
  [
    "bytes in a row",
    { to: TO, image: { base64: "YWJj" } },
    "image.base64",
    null,
    V,
    /can't be given in a row/,
  ],
  [
    "a media_id that is none",
    { to: TO, image: { media_id: "x" } },
    "image.media_id",
    "x",
    "MEDIA_UNACCEPTABLE",
    /no such media_id/,
  ],
  [
    "a latitude beyond the pole",
    { to: TO, location: { latitude: 91, longitude: 0 } },
    "location.latitude",
    91,
    V,
    /between -90 and 90/,
  ],
  [
    "a contact without a number",
    { to: TO, contact: { name: "Ana" } },
    "contact.phone",
    null,
    V,
    /10 to 15 digits/,
  ],
  [
    "one option only",
    { to: TO, poll: { question: "?", options: ["a"] } },
    "poll.options",
    "[elided: array of 1]",
    V,
    /2 to 12/,
  ],
  [
    "the same option twice",
    { to: TO, poll: { question: "?", options: ["a", "a"] } },
    "poll.options",
    "[elided: array of 2]",
    V,
    /different/,
  ],
  [
    "a mention that is no number",
    { to: TO, text, mentions: ["x"] },
    "mentions.0",
    "x",
    V,
    /10 to 15 digits/,
  ],
  [
    "typing for too long",
    { to: TO, text, typing_ms: 10_001 },
    "typing_ms",
    10_001,
    V,
    /between 0 and 10000/,
  ],
  [
    "a reaction to nothing",
    { to: TO, reaction: { emoji: "👍" } },
    "reaction.message_id",
    null,
    "MISSING_REQUIRED_FIELDS",
    /is required/,
  ],
  [
    "a reaction",
    { to: TO, reaction: { emoji: "👍", message_id: "3EB0A1B2C3D4E5F6A7B8C9" } },
    "reaction",
    null,
    V,
    /can't be given in a batch/,
  ],
  [
    "a quote of nothing",
    { to: TO, text, quoted: { message_id: "" } },
    "quoted.message_id",
    "",
    "MISSING_REQUIRED_FIELDS",
    /is required/,
  ],
  [
    "a list",
    [TO, text],
    "",
    "[elided: array of 2]",
    "INVALID_REQUEST_FORMAT",
    /must be a JSON object/,
  ],
  ["null", null, "", null, "INVALID_REQUEST_FORMAT", /must be a JSON object/],
  [
    "a line that is no JSON",
    '{"to":"5511999990001",text:"Hi"}',
    "",
    '{"to":"5511999990001",text:"Hi"}',
    "INVALID_JSON",
    /not valid JSON/,
  ],
  [
    "a key that comes twice",
    '{"to":"5511999990001","to":"5511999990002","text":"Hi"}',
    "",
    expect.any(String),
    "INVALID_JSON",
    /same key twice/,
  ],
  [
    "a line that is too long",
    `{"to":"${"1".repeat(70_000)}"}`,
    "",
    null,
    "PAYLOAD_TOO_LARGE",
    /65536 at most/,
  ],
];

async function* linesOf(kinds: readonly Kind[], good: unknown) {
  yield Buffer.from(`${JSON.stringify(good)}\n`);
  for (const [, row] of kinds)
    yield Buffer.from(`${typeof row === "string" ? row : JSON.stringify(row)}\n\n`);
  yield Buffer.from(`${JSON.stringify(good)}\n`);
}

async function judged(kinds: readonly Kind[], good: unknown, wanted: RowsWanted) {
  const source = { source: linesOf(kinds, good), contentType: "application/x-ndjson" };
  const read = await readWhole({ source, wanted });
  expect(read.stop).toEqual({ kind: "ended", rows: kinds.length + 2 });
  expect(read.rows.map((row) => row !== null)).toEqual([true, ...kinds.map(() => false), true]);
  return read.errors;
}

function expected(kinds: readonly Kind[]) {
  return kinds.map(([what, , field, value, code, message], index) => ({
    what,
    row: index + 2,
    line: index * 2 + 2,
    kind: "invalid",
    field,
    value,
    code,
    message: expect.stringMatching(message),
  }));
}

test(`${KINDS.length} kinds of bad rows are told apart, each with its line, field, value and code`, async () => {
  const errors = await judged(KINDS, { to: TO, text }, {});
  expect(errors.map((error) => ({ what: KINDS[error.row - 2]?.[0], ...error }))).toEqual(
    expected(KINDS),
  );
});

const WITH_TEMPLATE: readonly Kind[] = [
  ["no value", { to: TO }, "name", null, V, /name is required by the template/],
  ["an empty value", { to: TO, name: "" }, "name", "", V, /required by the template/],
  ["a blank value", { to: TO, name: " \n" }, "name", " \n", V, /required by the template/],
  ["null for a value", { to: TO, name: null }, "name", null, V, /required by the template/],
  [
    "a value that is no text",
    { to: TO, name: ["Ana"] },
    "name",
    "[elided: array of 1]",
    V,
    /must be a text, a number/,
  ],
  [
    "a text that becomes too long",
    { to: TO, name: "x ".repeat(2_100) },
    "text",
    expect.stringMatching(/^Hello/),
    V,
    /between 1 and 4096/,
  ],
  [
    "a value that is half of a character",
    { to: TO, name: "\udc00" },
    "text",
    "Hello \udc00",
    V,
    /well-formed/,
  ],
  [
    "a field that the template does not name",
    { to: TO, name: "Ana", nmae: "x" },
    "nmae",
    "x",
    V,
    /did you mean "name"/,
  ],
  [
    "a content beside the template",
    { to: TO, name: "Ana", text },
    "text",
    text,
    V,
    /unknown field "text"; the known/,
  ],
];

test("a row of a template is held against what it becomes", async () => {
  const errors = await judged(
    WITH_TEMPLATE,
    { to: TO, name: "Ana" },
    { template: "Hello {{name}}" },
  );
  expect(errors.map((error) => ({ what: WITH_TEMPLATE[error.row - 2]?.[0], ...error }))).toEqual(
    expected(WITH_TEMPLATE),
  );
});

function table(csv: string, wanted: RowsWanted = {}) {
  return readWhole({ source: { source: bytesOf(csv), contentType: "text/csv" }, wanted });
}

test("rows of a table that don't have its shape are bad rows of their lines", async () => {
  const { errors, rows } = await table(
    [
      "to,text",
      `${TO},"a`,
      'b"',
      TO,
      `${TO},Hi,there`,
      `${TO},"Hi"x`,
      `${TO},5" pipe`,
      `${TO},Hi`,
    ].join("\n"),
  );
  expect(rows.map((row) => row !== null)).toEqual([true, false, false, false, false, true]);
  expect(errors).toMatchObject(
    [
      {
        row: 2,
        line: 4,
        field: "",
        code: V,
        message: "the row has 1 value, but the header has 2 columns",
      },
      { row: 3, line: 5, message: "the row has 3 values, but the header has 2 columns" },
      { row: 4, line: 6, message: /after the closing quote of value 2/ },
      { row: 5, line: 7, message: /value 2 has a quote/ },
    ].map((error) => ({ ...error, message: expect.stringMatching(error.message) })),
  );
});

test("every wrong field of a row has an entry with its own code", async () => {
  const { errors } = await table(`to,text,client_ref\nx@y,,${LONG}\n`);
  expect(errors.map(({ field, code, row, line }) => [field, code, row, line])).toEqual([
    ["to", "INVALID_CHAT_JID", 1, 2],
    ["client_ref", V, 1, 2],
    ["text", V, 1, 2],
  ]);
  expect(errors[1]?.value).toEqual("[elided]");
});

test("a table without a template has a column for each field of a content", async () => {
  const header =
    "to,image.url,image.caption,text,location.latitude,location.longitude,location.name,contact.name,contact.phone,audio.url,audio.ptt,metadata,client_ref";
  const { rows, errors } = await table(
    [
      header,
      `${TO},,,Hi,,,,,,,,"{""order"":7}",r1`,
      `${TO},https://example.com/a.png,Look,,,,,,,,,,`,
      `${TO},,,,-8.05,-34.9,Recife,,,,,,`,
      `${TO},,,,,,,Ana,+55 (11) 99999-0002,,,,`,
      `${TO},,,,,,,,,https://example.com/a.ogg,true,,`,
      `${TO},,,,north,1,,,,,,,`,
      `${TO},,,Hi,,,,,,,,{order:7},`,
      `${TO},,,,,,,,,,,,`,
    ].join("\n"),
  );
  expect(rows).toEqual([
    { to: TO, content: { kind: "text", text }, clientRef: "r1", metadata: { order: 7 } },
    {
      to: TO,
      content: {
        kind: "image",
        media: { id: expect.stringMatching(/^med_/), url: "https://example.com/a.png" },
        caption: "Look",
      },
    },
    { to: TO, content: { kind: "location", latitude: -8.05, longitude: -34.9, name: "Recife" } },
    { to: TO, content: { kind: "contact", name: "Ana", phone: "5511999990002" } },
    {
      to: TO,
      content: {
        kind: "audio",
        media: { id: expect.any(String), url: "https://example.com/a.ogg" },
        ptt: true,
      },
    },
    null,
    null,
    null,
  ]);
  expect(errors.map(({ row, field }) => [row, field])).toEqual([
    [6, "location.latitude"],
    [7, "metadata"],
    [8, "text"],
  ]);
});

test("recipients come out as singles have them", async () => {
  const { rows } = await table(
    "to,text\n+55 (11) 99999-0001,Hi\n120363039000000000@g.us,Hi\n5511999990001@s.whatsapp.net,Hi\n",
  );
  expect(rows.map((row) => row?.to)).toEqual([TO, "120363039000000000@g.us", TO]);
});

test("numbers and booleans are values as well", async () => {
  const source = {
    source: bytesOf(`{"to":"${TO}","n":7,"b":false}\n`),
    contentType: "application/x-ndjson",
  };
  const { rows } = await readWhole({ source, wanted: { template: "{{n}} {{b}}" } });
  expect(rows).toEqual([{ to: TO, values: ["false", "7"] }]);
});

test("a template that no row could make right is refused by its fields", async () => {
  const refused = async (template: RowsWanted["template"]) => {
    const { stop } = await table(`to,name\n${TO},Ana\n`, { template });
    if (stop.kind !== "refused") return stop.kind;
    return stop.problem.validation?.map(({ field, message }) => `${field}: ${message}`);
  };
  expect(await refused("{{name}}")).toBe("ended");
  expect(await refused({ image: { url: "{{name}}", caption: "{{name}}" } })).toBe("ended");
  expect(await refused({ document: { url: "https://x.test/{{name}}.pdf" } })).toBe("ended");
  expect(await refused({ poll: { question: "?", options: ["{{name}}", "{{to}}"] } })).toBe("ended");
  expect(await refused("Hello {{name")).toEqual([
    String.raw`template: template has {{ without }}; \{{ stands for {{`,
  ]);
  expect(await refused(`{{name}}${"x".repeat(4_096)}`)).toEqual([
    expect.stringMatching(/^template: text is required and must be between 1 and 4096/),
  ]);
  expect(await refused({})).toEqual([expect.stringMatching(/^template.text: exactly one of/)]);
  expect(await refused({ text: "{{name}}", image: IMAGE })).toEqual([
    expect.stringMatching(/^template.image: exactly one of/),
  ]);
  expect(await refused({ image: { media_id: "{{name}}" } })).toEqual([
    "template.image.media_id: template.image.media_id can't name columns: texts, names and file addresses can",
  ]);
  expect(await refused({ text: "{{name}}", quoted: { message_id: "1" } })).toEqual([
    "template.quoted: template.quoted can't be the same for many recipients",
  ]);
  expect(await refused({ text: "{{name}}", mentions: ["{{to}}"] })).toEqual([
    "template.mentions.0: template.mentions.0 can't name columns: texts, names and file addresses can",
  ]);
});

test("a row can make a template's address wrong", async () => {
  const template = { image: { url: "{{url}}", caption: "{{name}}" } };
  const { rows, errors } = await table(
    `to,url,name\n${TO},https://x.test/a.png,Ana\n${TO},x,Bob\n${TO},https://x.test/a,${"é".repeat(1_025)}\n`,
    { template },
  );
  expect(rows[0]).toEqual({ to: TO, values: ["Ana", "https://x.test/a.png"] });
  expect(errors.map(({ row, field }) => [row, field])).toEqual([
    [2, "image.url"],
    [3, "image.caption"],
  ]);
});
