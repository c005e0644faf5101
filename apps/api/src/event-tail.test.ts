import { DEFAULT_SETTINGS } from "@pombo/domain";
import type { LogEntry } from "@pombo/ledger";
import { expect, test } from "vitest";
import { openEventTail } from "./event-tail.ts";

const entry = (cursor: string, type: string, more = "{}"): LogEntry => [
  cursor,
  ["type", type, "message", "", "device", "", "version", "0", "at", "1", "code", "", "more", more],
];

test("what was told of somebody who was erased is in memory no more", async () => {
  const log: LogEntry[] = [];
  const heard: string[] = [];
  await using tail = openEventTail({
    ledger: {
      eventsAfter: (cursor) => Promise.resolve(log.filter(([id]) => id > cursor)),
      eventLogEnds: () => Promise.resolve({ newest: "0-0" }),
    },
    events: { onEvent: () => () => undefined, listening: () => Promise.resolve() },
    settings: { ...DEFAULT_SETTINGS, event_look_ms: 1, event_gather_ms: 0 },
  });
  await tail.follow();
  tail.listen({
    interest: { events: ["*"], devices: "*" },
    hear: (events) => heard.push(...events.map(({ cursor }) => cursor)),
  });
  log.push(entry("1-0", "message.received", '{"text":"Ana writes"}'));
  await expect.poll(() => tail.position()).toBe("1-0");
  expect(tail.recentAfter("0-0")).toHaveLength(1);

  log.push(entry("2-0", "contact.erased"));
  await expect.poll(() => tail.position()).toBe("2-0");
  expect(tail.recentAfter("0-0")).toBeUndefined();
  expect(tail.recentAfter("2-0")).toEqual([]);
  expect(heard).toEqual(["1-0", "2-0"]);
});
