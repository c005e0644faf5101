import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
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

test("the id of a request stands in the log of the API, and of the worker that carries it out", async () => {
  const body = { from: first.ready.device_id, to: "5511900009004", text: "who asked?" };
  const { headers, body: told } = await first.api<{ message_id: string }>(
    "POST",
    "/v1/messages",
    body,
  );
  await first.until(told.message_id, ({ status }) => status === "read");
  const asked = headers.get("x-request-id");
  expect(asked).toMatch(/^req_/);
  const logged = (process: string, event: string) =>
    eventually(
      async () => await linesOf(first, process, event),
      (lines) => lines.some(({ message_id: id }) => id === told.message_id),
    );
  for (const [process, event] of [
    ["api-1", "request.answered"],
    ["worker-1", "job.ended"],
  ] as const)
    // oxlint-disable-next-line no-await-in-loop -- one log after the other
    expect(await logged(process, event)).toContainEqual(
      expect.objectContaining({ message_id: told.message_id, request_id: asked }),
    );
});

interface Line {
  readonly event: string;
  readonly message_id?: string;
  readonly request_id?: string;
}

async function linesOf(pombo: Pombo, process: string, event: string): Promise<readonly Line[]> {
  const log = await readFile(join(pombo.data, "logs", `${process}.log`), "utf8");
  const whole = log.slice(0, log.lastIndexOf("\n")).split("\n");
  const lines = whole
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
  return lines.filter((line) => line.event === event);
}

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
