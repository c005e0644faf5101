import { expect, test } from "vitest";
import {
  counted,
  formatCountdown,
  formatDuration,
  formatFullTime,
  formatShare,
  formatTime,
} from "./format.ts";

test.each([
  [-5, "0 ms"],
  [600, "600 ms"],
  [2_149, "2.1 s"],
  [59_999, "59 s"],
  [240_000, "4 min"],
  [252_000, "4 min 12 s"],
  [930_000, "15 min"],
  [7_800_000, "2 h 10 min"],
  [273_600_000, "3 d 4 h"],
])("%d ms are %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [0, "now"],
  [-3_400, "3 s ago"],
  [240_000, "in 4 min"],
  [-3_599_000, "59 min ago"],
])("%d ms away is %s", (away, text) => {
  const now = new Date(2026, 0, 31, 12).getTime();
  expect(formatTime(now + away, now)).toBe(text);
});

test("beyond an hour it is the local time, with its day when that is another one", () => {
  const now = new Date(2026, 0, 31, 23).getTime();
  expect(formatTime(new Date(2026, 0, 31, 14, 2, 11).getTime(), now)).toBe("14:02:11");
  expect(formatTime(new Date(2026, 0, 30, 14, 2, 11).getTime(), now)).toBe("30 Jan 14:02:11");
  expect(formatFullTime(now)).toContain("2026");
});

test.each([
  [42_000, "0:42"],
  [725_000, "12:05"],
  [3_723_000, "1:02:03"],
  [-1, "0:00"],
])("a countdown of %d ms shows %s", (ms, text) => {
  expect(formatCountdown(ms)).toBe(text);
});

test("counts are exact, shares are short", () => {
  expect(counted(1, "message")).toBe("1 message");
  expect(counted(3_912, "message")).toBe("3,912 messages");
  expect([formatShare(37, 9_250), formatShare(1, 4), formatShare(0, 0)]).toEqual([
    "0.4 %",
    "25 %",
    "0 %",
  ]);
});
