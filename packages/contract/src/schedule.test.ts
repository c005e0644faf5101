import { DEFAULT_SETTINGS } from "@pombo/domain";
import { describe, expect, test } from "vitest";
import { sendMessageBody } from "./message.ts";
import { checkTimes } from "./schedule.ts";
import { validate } from "./validation.ts";

const NOW = Date.parse("2030-01-01T12:00:00Z");
const MINUTE = 60_000;
const YEAR = 31_536_000_000;
const schema = sendMessageBody(DEFAULT_SETTINGS);
const good = { from: "dev_0123456789abcdef", to: "5511999999999", text: "hello" };

test.each([
  { name: "nothing", asked: {}, times: {} },
  { name: "later", asked: { send_at: NOW + 1 }, times: { sendAt: NOW + 1 } },
  { name: "half a minute ago is now", asked: { send_at: NOW - MINUTE / 2 }, times: {} },
  { name: "a life", asked: { ttl_s: 60 }, times: { expiresAt: NOW + MINUTE } },
  {
    name: "a life that begins later",
    asked: { send_at: NOW + 5 * MINUTE, ttl_s: 60 },
    times: { sendAt: NOW + 5 * MINUTE, expiresAt: NOW + 6 * MINUTE },
  },
  { name: "an end", asked: { expires_at: NOW + 1 }, times: { expiresAt: NOW + 1 } },
])("times: $name", ({ asked, times }) => {
  expect(checkTimes(asked, NOW)).toEqual({ kind: "times", ...times });
});

test.each([
  { name: "long ago", asked: { send_at: NOW - 2 * MINUTE }, field: "send_at" },
  { name: "in more than a year", asked: { send_at: NOW + YEAR + 1 }, field: "send_at" },
  { name: "an end that has passed", asked: { expires_at: NOW }, field: "expires_at" },
  {
    name: "an end before the start",
    asked: { send_at: NOW + 2, expires_at: NOW + 1 },
    field: "expires_at",
  },
  { name: "an end too far", asked: { expires_at: NOW + YEAR + 1 }, field: "expires_at" },
  { name: "two ends", asked: { expires_at: NOW + 9, ttl_s: 1 }, field: "ttl_s" },
])("refused: $name", ({ asked, field }) => {
  expect(checkTimes(asked, NOW)).toMatchObject({ kind: "refused", field });
});

describe("the fields of a body", () => {
  test.each([
    ["2030-01-01T12:00:00Z", NOW],
    ["2030-01-01T09:00:00-03:00", NOW],
    ["2030-01-01T12:00:00.250Z", NOW + 250],
  ])("send_at %s", (send_at, at) => {
    expect(validate(schema, { ...good, send_at })).toMatchObject({ value: { send_at: at } });
  });

  test.each([
    ["send_at", { send_at: "2030-01-01T12:00:00" }],
    ["send_at", { send_at: NOW }],
    ["expires_at", { expires_at: "tomorrow" }],
    ["ttl_s", { ttl_s: 0 }],
    ["ttl_s", { ttl_s: 1.5 }],
    ["quiet_hours", { quiet_hours: "22:00" }],
    ["quiet_hours.to", { quiet_hours: { from: "22:00" } }],
    ["quiet_hours.from", { quiet_hours: { from: "24:00", to: "07:00" } }],
    ["quiet_hours.timezone", { quiet_hours: { from: "22:00", to: "07:00", timezone: "Mars/X" } }],
    ["quiet_hours.till", { quiet_hours: { from: "22:00", to: "07:00", till: "x" } }],
  ])("%s of %j is refused", (field, change) => {
    const validated = validate(schema, { ...good, ...change });
    expect(validated).toMatchObject({ kind: "invalid", code: "VALIDATION_ERROR" });
    if (validated.kind === "invalid")
      expect(validated.validation.map((entry) => entry.field)).toEqual([field]);
  });

  test("quiet hours are taken as they are", () => {
    const quiet_hours = { from: "22:00", to: "07:00", timezone: "America/Sao_Paulo" };
    expect(validate(schema, { ...good, quiet_hours })).toMatchObject({ value: { quiet_hours } });
  });
});
