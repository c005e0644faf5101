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

test("the end is in the future, within a day, and then the recipient is awake", () => {
  const minute = fc.integer({ min: 0, max: 1_439 }).map((value) => {
    const two = (n: number) => String(n).padStart(2, "0");
    return `${two(Math.floor(value / 60))}:${two(value % 60)}`;
  });
  const now = fc.integer({ min: at("2026-01-01"), max: at("2027-01-01") });
  fc.assert(
    fc.property(
      now,
      minute,
      minute,
      fc.constantFrom("Asia/Kolkata", "America/Sao_Paulo", "UTC"),
      (time, from, to, zone) => {
        const end = quietUntil(time, { from, to }, zone);
        if (end === 0) return;
        expect(end).toBeGreaterThan(time);
        expect(end - time).toBeLessThanOrEqual(86_400_000);
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
