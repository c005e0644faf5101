import { expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";

test("one message, all the way: queued, sending, sent, delivered, read, and the phone shows the text once", async () => {
  await using pombo = await Pombo.start();
  const text = "olá 👋 *bold* \n second line";
  const id = await pombo.send("+55 11 90000-0002", text);
  expect(id).toMatch(/^3EB0[0-9A-F]{18}$/);
  const message = await pombo.until(id, ({ status }) => status === "read", 5_000);
  expect(message.timeline.map(({ status }) => status)).toEqual([
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
  ]);
  expect(message.attempts).toBe(1);
  expect(await pombo.phoneMessages("5511900000002")).toMatchObject([{ id, text, copies: 1 }]);
});

test("after a stop, and after a kill of everything, the device logs in without pairing and what waited is sent", async () => {
  await using first = await Pombo.start({ env: QUICK });
  expect(await first.stop()).toBe(0);
  const start = { data: first.data, env: QUICK };
  {
    await using second = await Pombo.start(start);
    expect(second.ready.device_id).toBe(first.ready.device_id);
    const id = await second.send("5511900000003", "after a stop");
    await second.until(id, ({ status }) => status === "read");
    // Nobody to send it: accepted all the same.
    for (const pid of second.ready.pids.worker) process.kill(pid, "SIGKILL");
    const waiting = await second.send("5511900000003", "accepted without a worker");
    await second.kill9();
    await using third = await Pombo.start(start);
    await third.until(waiting, ({ status }) => status === "read");
    expect(
      (await third.phoneMessages("5511900000003")).map(({ text, copies }) => [text, copies]),
    ).toEqual([
      ["after a stop", 1],
      ["accepted without a worker", 1],
    ]);
  }
});
