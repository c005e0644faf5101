import { CATALOG, catalogRow, ERROR_CODES } from "@pombo/domain";
import { describe, expect, test } from "vitest";
import { DEFAULT_RETRY, nextTry } from "./next-try.ts";
import { PomboError, readRetryAfter } from "./pombo-error.ts";

function failed(
  code: string,
  status: number,
  over: { attempt?: number; repeatable?: boolean; retryAfterMs?: number } = {},
) {
  const { attempt = 1, repeatable = true, ...facts } = over;
  return { error: new PomboError({ code, status, detail: "", ...facts }), attempt, repeatable };
}

describe("what is tried again", () => {
  test.each(ERROR_CODES)("%s: exactly when its class is transient", (code) => {
    const status = catalogRow(code).http.native?.status ?? 500;
    const again = nextTry(failed(code, status), DEFAULT_RETRY, 0.5) !== undefined;
    expect(again).toBe(CATALOG[code].class === "transient");
  });

  test.each([
    [400, false],
    [404, false],
    [418, false],
    [408, true],
    [429, true],
    [500, true],
    [502, true],
  ])("an unknown code counts as its status %d does", (status, again) => {
    expect(nextTry(failed(`HTTP_${status}`, status), DEFAULT_RETRY, 0) !== undefined).toBe(again);
  });

  test("what can't be repeated safely only where nothing was done", () => {
    const once = { repeatable: false };
    expect(nextTry(failed("NO_ANSWER", 0, once), DEFAULT_RETRY, 0)).toBeUndefined();
    expect(nextTry(failed("UPSTREAM_FAILED", 502, once), DEFAULT_RETRY, 0)).toBeUndefined();
    expect(nextTry(failed("RATE_LIMITED", 429, once), DEFAULT_RETRY, 0)).toBe(0);
    expect(nextTry(failed("SERVICE_UNAVAILABLE", 503, once), DEFAULT_RETRY, 0)).toBe(0);
  });
});

describe("how long it waits", () => {
  test("by chance, up to a bound that doubles to a cap, and not for ever", () => {
    const bounds = [1, 2, 3, 8].map((attempt) =>
      nextTry(failed("NO_ANSWER", 0, { attempt }), { ...DEFAULT_RETRY, attempts: 9 }, 0.999_999),
    );
    expect(bounds).toEqual([249, 499, 999, 9_999]);
    expect(nextTry(failed("NO_ANSWER", 0, { attempt: 4 }), DEFAULT_RETRY, 0)).toBeUndefined();
  });

  test("never less than Pombo asks for; not at all when that is too long", () => {
    const asked = (retryAfterMs: number) =>
      nextTry(failed("RATE_LIMITED", 429, { retryAfterMs }), DEFAULT_RETRY, 0.5);
    expect(asked(7_000)).toBe(7_125);
    expect(asked(60_001)).toBeUndefined();
  });

  test("Retry-After is seconds or a date", () => {
    const now = Date.UTC(2026, 0, 1);
    expect(readRetryAfter("7", now)).toBe(7_000);
    expect(readRetryAfter("Thu, 01 Jan 2026 00:00:09 GMT", now)).toBe(9_000);
    expect(readRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now)).toBe(0);
    expect(readRetryAfter("soon", now)).toBeUndefined();
    expect(readRetryAfter(null, now)).toBeUndefined();
  });
});
