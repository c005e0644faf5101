import { afterAll, beforeAll, expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";

let first: Pombo;
// What is tried once more has recipients of its own.
let rounds = 0;

beforeAll(async () => {
  first = await Pombo.start();
});
afterAll(() => first[Symbol.asyncDispose]());

test("one message, all the way: queued, sending, sent, delivered, read, and the phone shows the text once", async () => {
  rounds += 1;
  const to = `551190000${rounds}002`;
  const text = "olá 👋 *bold* \n second line";
  const id = await first.send(`+55 11 90000-${rounds}002`, text);
  expect(id).toMatch(/^3EB0[0-9A-F]{18}$/);
  const message = await first.until(id, ({ status }) => status === "read", 5_000);
  expect(message.timeline.map(({ status }) => status)).toEqual([
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
  ]);
  expect(message.attempts).toBe(1);
  expect(await first.phoneMessages(to)).toMatchObject([{ id, text, copies: 1 }]);
});

test("after a stop, and after a kill of everything, the device logs in without pairing and what waited is sent", async () => {
  rounds += 1;
  const to = `551190000${rounds}003`;
  expect(await first.stop()).toBe(0);
  const start = { data: first.data, env: QUICK };
  {
    await using second = await Pombo.start(start);
    expect(second.ready.device_id).toBe(first.ready.device_id);
    const id = await second.send(to, "after a stop");
    await second.until(id, ({ status }) => status === "read");
    // Nobody to send it: accepted all the same.
    for (const pid of second.ready.pids.worker) process.kill(pid, "SIGKILL");
    const waiting = await second.send(to, "accepted without a worker");
    await second.kill9();
    await using third = await Pombo.start(start);
    await third.until(waiting, ({ status }) => status === "read");
    expect((await third.phoneMessages(to)).map(({ text, copies }) => [text, copies])).toEqual([
      ["after a stop", 1],
      ["accepted without a worker", 1],
    ]);
  }
});
