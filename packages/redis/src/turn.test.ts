import { PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import { gather, writeTogether } from "./turn.ts";

test("what is asked for in one turn is one command, and everybody gets his own answer", async () => {
  const commands: (readonly number[])[] = [];
  const ask = gather<number, string>(async (asks) => {
    commands.push(asks);
    return asks.map((number) => `answer ${number}`);
  }, 3);
  expect(await Promise.all([1, 2, 3, 4].map(ask))).toEqual([1, 2, 3, 4].map((n) => `answer ${n}`));
  expect(commands).toEqual([[1, 2, 3], [4]]);
  expect(await ask(5)).toBe("answer 5");
  expect(commands).toHaveLength(3);
});

test("a command that fails fails for those who asked, and for nobody else", async () => {
  const ask = gather<number, number>(async (asks) => {
    if (asks.includes(0)) throw new Error("away");
    return asks;
  }, 2);
  const ends = await Promise.allSettled([ask(1), ask(0), ask(2)]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  expect(await ask(3)).toBe(3);
});

test("an answer that is missing is an error, not a wait for ever", async () => {
  const ask = gather<number, number>(async () => [], 2);
  await expect(ask(1)).rejects.toThrow("an answer is missing");
});

test("writes of one turn reach the stream as one", async () => {
  const seen: number[] = [];
  const stream = new Writable({
    writev(chunks, done) {
      seen.push(chunks.length);
      done();
    },
  });
  writeTogether(stream);
  await Promise.all(["a", "b", "c"].map((text) => new Promise((done) => stream.write(text, done))));
  await new Promise((done) => stream.write("d", done));
  expect(seen).toEqual([3, 1]);
});

test("a stream that ends in the turn of its last write loses nothing", async () => {
  const stream = new PassThrough();
  writeTogether(stream);
  stream.write("first ");
  stream.end("last");
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe("first last");
});
