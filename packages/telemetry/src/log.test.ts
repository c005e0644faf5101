import { expect, test } from "vitest";

import { type Log, type LogLevel, openLog } from "./log.ts";

function setup(level?: LogLevel): { log: Log; lines: () => unknown[] } {
  const written: string[] = [];
  const destination = { write: (line: string): void => void written.push(line) };
  const log = openLog({ name: "worker", destination, ...(level === undefined ? {} : { level }) });
  return { log, lines: () => written.map((line): unknown => JSON.parse(line)) };
}

test("one line is one fact with its fields", () => {
  const { log, lines } = setup();
  log.info("message.accepted", { message_id: "3EB0123456789012345678", duration_ms: 3 });
  expect(lines()).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      name: "worker",
      event: "message.accepted",
      message_id: "3EB0123456789012345678",
      duration_ms: 3,
    },
  ]);
});

test("fields, the fields of a child and the event are all redacted", () => {
  const { log, lines } = setup();
  const child = log.child({ phone: "5511900000001", device_id: "dev_0123456789abcdef" });
  child.error("device.failed for 5511900000002", {
    text: "dear Ana",
    error: new Error("pombo_c0_abc"),
  });
  const [line] = lines();
  expect(line).toMatchObject({ device_id: "dev_0123456789abcdef", phone: "…0001" });
  expect(JSON.stringify(line)).not.toMatch(/5511900|Ana|c0_abc/);
});

test("a field never replaces what the line says of itself", () => {
  const { log, lines } = setup();
  log.warn("lane.held", { name: "sandbox", level: 3, event: "other" });
  expect(lines()).toMatchObject([
    {
      level: "warn",
      name: "worker",
      event: "lane.held",
      name_: "sandbox",
      level_: 3,
      event_: "other",
    },
  ]);
});

test("what is below the level is not written", () => {
  const { log, lines } = setup("warn");
  log.debug("a.happened");
  log.info("b.happened");
  log.warn("c.happened");
  expect(lines()).toMatchObject([{ event: "c.happened" }]);
});

test("a plain line reads like any other one, without what is absent", () => {
  const { log, lines } = setup();
  const fields = { request_id: "req_a", status: 202, error_code: undefined };
  log.info("request.answered", fields);
  log.child({ part: 'a "part"' }).plain("request.answered", fields);
  const [other, plain] = lines() as Record<string, unknown>[];
  const { time, part, ...rest } = plain ?? {};
  expect(time).toMatch(/^\d{4}-.*Z$/);
  expect(part).toBe('a "part"');
  expect({ ...rest, time: other?.["time"] }).toEqual(other);
  expect(setup("warn").log.plain("request.answered", fields)).toBeUndefined();
});
