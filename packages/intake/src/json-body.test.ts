import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonBodyReader } from "./json-body.ts";
import { UploadStop } from "./upload-stop.ts";

function read(text: string, cuts: readonly number[] = [], mostRows = 100) {
  const reader = jsonBodyReader({ mostRows, mostChars: 10_000 });
  let from = 0;
  for (const cut of [...cuts.map((each) => each % (text.length + 1)), text.length].toSorted(
    (a, b) => a - b,
  )) {
    reader.push(text.slice(from, cut));
    from = cut;
  }
  return reader.end();
}

function refused(text: string, mostRows?: number) {
  try {
    read(text, [], mostRows);
  } catch (error) {
    if (error instanceof UploadStop) return error.stop;
    throw error;
  }
  return undefined;
}

test("rows have their lines, and settings may stand on both sides of them", () => {
  const text =
    '{\n "from": "d",\n "rows": [\n  {"to": "1"}, {"to":\n "2"},\n\n  3 ],\n "x": [1, {"rows": []}] }\n';
  const { settings, rows } = read(text);
  expect(settings).toEqual({ from: "d", x: [1, { rows: [] }] });
  expect(rows?.map(({ line, value }) => [line, value])).toEqual([
    [4, { to: "1" }],
    [4, { to: "2" }],
    [7, 3],
  ]);
});

test("what is no list of rows is a member like others", () => {
  expect(read('{"rows": 5}')).toEqual({ settings: { rows: 5 } });
  expect(read("{}")).toEqual({ settings: {} });
  expect(read(' { "rows" : [ ] } ')).toEqual({ settings: {}, rows: [] });
});

test("marks inside of texts mean nothing", () => {
  const value = { to: 'a"],}{:\\', "k:,": "\\" };
  expect(read(JSON.stringify({ rows: [value] })).rows?.[0]?.value).toEqual(value);
});

test("what JSON.parse refuses is refused, with the line", () => {
  for (const text of [
    '{"rows":[1,]}',
    '{"rows":[,1]}',
    '{"rows":[1 2]}',
    '{"rows":[1]',
    '{"rows":[1}',
    '{"rows":[]]',
    '{"rows":[1]}}',
    '{"rows":[1]} x',
    '{"a":1,}',
    '{,"a":1}',
    '{"a"}',
    '{"a":}',
    "{a:1}",
    '{"a":1:2}',
    '{"a":1 "b":2}',
    '{"rows":5 [1]}',
    '{"rows":[1] 5}',
    '{"a":"x',
    "{",
    '{"a":[}',
    "x",
    '{"a":1}{',
  ])
    expect(refused(text), text).toMatchObject({
      kind: "refused",
      problem: { code: "INVALID_JSON" },
    });
  expect(refused('{"rows":[\n1,\nx]}')).toMatchObject({ line: 3 });
});

test("what means two things is refused", () => {
  expect(refused('{"a":1,"a":2}')).toMatchObject({ problem: { code: "INVALID_JSON" } });
  expect(refused('{"rows":[],"r\\u006fws":[]}')).toMatchObject({
    problem: { code: "INVALID_JSON" },
  });
  expect(refused('{"rows":[{"to":1,"to":2}]}')).toMatchObject({
    problem: { code: "INVALID_JSON" },
  });
  expect(refused('{"__proto__":1}')).toMatchObject({ problem: { code: "INVALID_JSON" } });
});

test("JSON of another type is told as that, and nothing as nothing", () => {
  for (const text of ['[{"to":"1"}]', '"x"', "5", "null"])
    expect(refused(text), text).toMatchObject({ problem: { code: "INVALID_REQUEST_FORMAT" } });
  expect(refused("  \n")).toMatchObject({ problem: { detail: "The upload is empty" } });
});

test("more rows than may be are refused", () => {
  expect(refused('{"rows":[1,2,3]}', 2)).toMatchObject({ problem: { code: "PAYLOAD_TOO_LARGE" } });
  expect(read('{"rows":[1,2]}', [], 2).rows).toHaveLength(2);
});

test("any object comes out as JSON.parse makes it, however it is cut", () => {
  const member = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(
      member,
      fc.array(fc.jsonValue(), { maxLength: 5 }),
      fc.boolean(),
      fc.array(fc.nat()),
      (others, rows, spread, cuts) => {
        const whole = { ...others, rows };
        fc.pre(!JSON.stringify(whole).includes("__proto__"));
        const text = JSON.stringify(whole, null, spread ? 1 : undefined);
        const { rows: read1, settings } = read(text, cuts);
        expect({ ...settings, rows: read1?.map(({ value }) => value) }).toEqual(JSON.parse(text));
      },
    ),
  );
});
