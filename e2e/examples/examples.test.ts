import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Pombo } from "../pombo.ts";
import { differs } from "./differs.ts";
import { readExamples } from "./read-examples.ts";
import { openReader } from "./run-example.ts";

const DOCS = join(import.meta.dirname, "..", "..", "docs");
const guides = readdirSync(DOCS)
  .filter((name) => name.endsWith(".md"))
  .map((name) => ({ name, ...readExamples(readFileSync(join(DOCS, name), "utf8")) }));

let pombo: Pombo;

beforeAll(async () => {
  pombo = await Pombo.start();
});
afterAll(() => pombo[Symbol.asyncDispose]());

describe("the examples of the guides", () => {
  test.each(guides.filter(({ examples }) => examples.length > 0))(
    "docs/$name does what it says",
    async ({ name, examples }) => {
      await using reader = await openReader(pombo);
      for (const example of examples) {
        // oxlint-disable-next-line no-await-in-loop -- each builds on those before
        const output = await reader.run(example).catch((error: unknown) => String(error));
        const place = `docs/${name}:${example.line}`;
        if (output.startsWith("Error: failed:")) expect.fail(`${place} ${output}`);
        const difference = differs(output, example.expected);
        if (difference !== undefined) expect.fail(`${place} ${difference}`);
      }
    },
  );

  test.each(guides)("docs/$name has no example that nobody runs", ({ unmarked }) => {
    expect(unmarked).toEqual([]);
  });

  test("are many, and most of them say what comes out", () => {
    const all = guides.flatMap(({ examples }) => examples);
    expect(all.length).toBeGreaterThan(25);
    expect(all.filter(({ expected }) => expected !== undefined).length).toBeGreaterThan(20);
  });
});

describe("what a guide shows", () => {
  test("is held against what came out", () => {
    const json = (text: string) => ({ as: "json", text }) as const;
    expect(differs('{"a":1,"b":"xyz"}', json('{"b":"x…"}'))).toBeUndefined();
    expect(differs('{"a":1}', json('{"a":2}'))).toContain("/a is not as shown");
    expect(differs('{"a":[{"b":1}]}', json('{"a":[{"b":1},{}]}'))).toContain("/a/1");
    expect(differs("<html>", json("{}"))).toContain("is no JSON");
    expect(differs("a 1\nb", { as: "text", text: "a …\nb" })).toBeUndefined();
    expect(differs("a 1\nc", { as: "text", text: "a …\nb" })).toContain("came out");
    expect(differs("anything", undefined)).toBeUndefined();
  });
});
