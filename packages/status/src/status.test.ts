import { cellKeys, openRedis } from "@pombo/redis";
import { openTestRedis } from "@pombo/testbed";
import { expect, test, vi } from "vitest";
import { openStatus, type StatusEvent } from "./status.ts";

async function setup(more: { readonly eventsOnDemand?: true } = {}) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const [writer, reader] = [
    stack.use(await openRedis({ url: server.url, role: "worker" })),
    stack.use(await openRedis({ url: server.url, role: "subscriber" })),
  ];
  const keys = cellKeys("c0" as Parameters<typeof cellKeys>[0]);
  const channels = ["events", "wakes", "freed"] as const;
  const status = stack.use(await openStatus({ redis: reader.client, keys, channels, ...more }));
  return { writer: writer.client, keys, status, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("a live event reaches every listener, and none that has left", async () => {
  await using t = await setup();
  const left: StatusEvent[] = [];
  t.status.onEvent((event) => left.push(event))();
  const told = new Promise<StatusEvent>((resolve) => t.status.onEvent(resolve));
  const event = {
    cursor: "1-0",
    type: "message.sent",
    message: "m",
    device: "d",
    version: 3,
    at: 9,
    attempt: "1",
    code: "",
  };
  await t.writer.publish(t.keys.status(), JSON.stringify(event));
  expect(await told).toEqual(event);
  expect(left).toEqual([]);
});

test("an event is told to those who want it, and is not even read when nobody does", async () => {
  await using t = await setup();
  let wanted = false;
  const heard: string[] = [];
  t.status.onEvent(
    ({ type }) => heard.push(type),
    () => wanted,
  );
  const woken = () => new Promise<string>((resolve) => t.status.onWake(resolve));
  const first = woken();
  await t.writer.publish(t.keys.status(), "no JSON");
  await t.writer.publish(t.keys.wake(), "dev_1");
  await first;
  wanted = true;
  const second = woken();
  await t.writer.publish(t.keys.status(), JSON.stringify({ type: "message.sent" }));
  await t.writer.publish(t.keys.wake(), "dev_1");
  await second;
  expect(heard).toEqual(["message.sent"]);
});

test("a wake carries the device", async () => {
  await using t = await setup();
  const woken = new Promise<string>((resolve) => t.status.onWake(resolve));
  await t.writer.publish(t.keys.wake(), "dev_1");
  expect(await woken).toBe("dev_1");
});

test("a freed device is told apart from one that is woken", async () => {
  await using t = await setup();
  const woken: string[] = [];
  t.status.onWake((id) => woken.push(id));
  const freed = new Promise<string>((resolve) => t.status.onFreed(resolve));
  await t.writer.publish(t.keys.freed(), "dev_1");
  expect(await freed).toBe("dev_1");
  expect(woken).toEqual([]);
});

test("on demand, events are subscribed to once somebody asks", async () => {
  await using t = await setup({ eventsOnDemand: true });
  const heard = (): Promise<number> => t.writer.publish(t.keys.status(), '{"type":"x"}');
  expect(await heard()).toBe(0);
  const told = new Promise<StatusEvent>((resolve) => t.status.onEvent(resolve));
  await Promise.all([t.status.listening(), t.status.listening()]);
  expect(await heard()).toBe(1);
  expect(await told).toEqual({ type: "x" });
});

test("on demand, nobody hears any more when nobody has wanted events for a while", async () => {
  await using t = await setup({ eventsOnDemand: true });
  let wanted = true;
  t.status.onEvent(
    () => undefined,
    () => wanted,
  );
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const channels = (): Promise<unknown> => t.writer.pubsub("CHANNELS", t.keys.status());
  try {
    await t.status.listening();
    vi.advanceTimersByTime(120_000);
    expect(await channels()).toEqual([t.keys.status()]);
    wanted = false;
    vi.advanceTimersByTime(60_000);
    await t.status.listening();
    expect(await channels()).toEqual([t.keys.status()]);
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(async () => expect(await channels()).toEqual([]));
    await t.status.listening();
    expect(await channels()).toEqual([t.keys.status()]);
  } finally {
    vi.useRealTimers();
  }
});
