import fc from "fast-check";
import { expect, test } from "vitest";
import { ALL_ZONES, timezoneOf } from "./dial-zones.ts";
import { isTimezone, quietUntil } from "./quiet-hours.ts";

const at = (text: string) => Date.parse(text);
const night = { from: "22:00", to: "08:00" };

test("asleep over midnight on the recipient's clock, awake in between", () => {
  expect(quietUntil(at("2026-01-10T01:30:00Z"), night, "America/Sao_Paulo")).toBe(
    at("2026-01-10T11:00:00Z"),
  );
  expect(quietUntil(at("2026-01-10T12:00:00Z"), night, "America/Sao_Paulo")).toBe(0);
  expect(quietUntil(at("2026-01-10T10:59:59Z"), night, "America/Sao_Paulo")).toBe(
    at("2026-01-10T11:00:00Z"),
  );
  expect(quietUntil(at("2026-01-10T11:00:00Z"), night, "America/Sao_Paulo")).toBe(0);
});

test("a change of the clock moves the end with it", () => {
  // New York springs forward at 07:00Z on 2026-03-08: 08:00 local is 12:00Z, not 13:00Z.
  expect(quietUntil(at("2026-03-08T04:00:00Z"), night, "America/New_York")).toBe(
    at("2026-03-08T12:00:00Z"),
  );
});

test("an end in the hour that the clock leaves out is when the clock has passed it", () => {
  // Berlin goes from 02:00 to 03:00 at 01:00Z on 2026-03-29, Santiago from 00:00 to 01:00 at 04:00Z on 2026-09-06.
  const late = { from: "22:00", to: "02:30" };
  const forward = at("2026-03-29T01:00:00Z");
  expect(quietUntil(at("2026-03-28T22:00:00Z"), late, "Europe/Berlin")).toBe(forward);
  expect(quietUntil(at("2026-03-29T00:45:00Z"), late, "Europe/Berlin")).toBe(forward);
  expect(quietUntil(forward, late, "Europe/Berlin")).toBe(0);
  const midnight = { from: "21:00", to: "00:30" };
  expect(quietUntil(at("2026-09-06T02:00:00Z"), midnight, "America/Santiago")).toBe(
    at("2026-09-06T04:00:00Z"),
  );
});

test("the end is in the future, within two days, and then the recipient is awake", () => {
  const minute = fc.integer({ min: 0, max: 1_439 }).map((value) => {
    const two = (n: number) => String(n).padStart(2, "0");
    return `${two(Math.floor(value / 60))}:${two(value % 60)}`;
  });
  const now = fc.oneof(
    fc.integer({ min: at("2026-01-01"), max: at("2027-01-01") }),
    // Around changes of the clock.
    fc.integer({ min: at("2026-03-28T12:00:00Z"), max: at("2026-03-29T12:00:00Z") }),
    fc.integer({ min: at("2026-10-24T12:00:00Z"), max: at("2026-10-25T12:00:00Z") }),
    fc.integer({ min: at("2026-10-03T06:00:00Z"), max: at("2026-10-04T06:00:00Z") }),
    fc.integer({ min: at("2026-04-04T06:00:00Z"), max: at("2026-04-05T06:00:00Z") }),
  );
  fc.assert(
    fc.property(
      now,
      minute,
      minute,
      fc.constantFrom(
        "Asia/Kolkata",
        "America/Sao_Paulo",
        "UTC",
        "Europe/Berlin",
        "Atlantic/Azores",
        "Australia/Lord_Howe",
      ),
      (time, from, to, zone) => {
        const end = quietUntil(time, { from, to }, zone);
        if (end === 0) return;
        expect(end).toBeGreaterThan(time);
        expect(end - time).toBeLessThanOrEqual(2 * 86_400_000);
        expect(quietUntil(end, { from, to }, zone)).toBe(0);
      },
    ),
  );
});

test("every calling code has a zone that exists", () => {
  for (const zone of ALL_ZONES) expect([zone, isTimezone(zone)]).toEqual([zone, true]);
  expect(timezoneOf("5511999999999")).toBe("America/Sao_Paulo");
  expect(timezoneOf("351912345678")).toBe("Europe/Lisbon");
  expect(timezoneOf("120363039000000000@g.us")).toBe("America/Chicago");
  expect(timezoneOf("0000000000")).toBe("UTC");
});
