import { expect, test } from "vitest";
import { createSlots } from "./slots.ts";

const forEver = new AbortController().signal;

test("so many run at a time, the others in the order in which they came", async () => {
  const slots = createSlots(1);
  const release = await slots.take(forEver);
  const began: string[] = [];
  const run = async (name: string) => {
    const done = await slots.take(forEver);
    began.push(name);
    done();
  };
  const both = [run("a"), run("b")];
  expect(began).toEqual([]);
  release();
  release();
  await Promise.all(both);
  expect(began).toEqual(["a", "b"]);
});

test("who gives up does not wait for room, and takes none from those behind", async () => {
  const slots = createSlots(1);
  const release = await slots.take(forEver);
  const stop = new AbortController();
  const given = slots.take(stop.signal);
  const behind = slots.take(forEver);
  stop.abort(new Error("enough"));
  await expect(given).rejects.toThrow("enough");
  await expect(slots.take(stop.signal)).rejects.toThrow("enough");
  release();
  (await behind)();
  expect(await slots.take(forEver)).toBeTypeOf("function");
});
