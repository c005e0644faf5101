import { expect, test } from "vitest";
import { createHostSlots, createSlots } from "./slots.ts";

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

test("a host takes no more than its share, and the others go on beside it", async () => {
  const slots = createHostSlots(3, 2);
  const ran: string[] = [];
  const run = async (host: string) => {
    const leave = await slots.take(host, forEver);
    ran.push(host);
    return leave;
  };
  const [first] = await Promise.all([run("slow"), run("slow")]);
  const third = run("slow");
  const leave = await run("quick");
  expect(ran).toEqual(["slow", "slow", "quick"]);
  const fourth = run("other");
  leave();
  leave();
  await fourth;
  expect(ran).toEqual(["slow", "slow", "quick", "other"]);
  first();
  await third;
  expect(ran.at(-1)).toBe("slow");
});

test("who gives up while it waits for a host leaves its room to those behind", async () => {
  const slots = createHostSlots(1, 1);
  const leave = await slots.take("one", forEver);
  const stop = new AbortController();
  const [same, other] = [slots.take("one", stop.signal), slots.take("two", stop.signal)];
  stop.abort(new Error("enough"));
  await expect(same).rejects.toThrow("enough");
  await expect(other).rejects.toThrow("enough");
  leave();
  (await slots.take("two", forEver))();
  expect(await slots.take("one", forEver)).toBeTypeOf("function");
});
