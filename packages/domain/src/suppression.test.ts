import { expect, test } from "vitest";
import { isOptOut, OPT_OUT_KEYWORDS, readKeywords, stops } from "./suppression.ts";

test.each([
  { reason: "manual", priority: "otp", spares: 1, stopped: true },
  { reason: "manual", priority: "bulk", spares: 1, stopped: true },
  { reason: "opt_out", priority: "otp", spares: 1, stopped: false },
  { reason: "opt_out", priority: "otp", spares: 0, stopped: true },
  { reason: "opt_out", priority: "high", spares: 1, stopped: true },
] as const)("$reason and priority $priority: stopped is $stopped", (row) => {
  expect(stops(row.reason, row.priority, { opt_out_spares_otp: row.spares })).toBe(row.stopped);
});

test.each([
  ["STOP", true],
  ["  stop\n", true],
  ["Parar", true],
  ["cancelar suscripcio\u0301n", true],
  ["please stop", false],
  ["stop.", false],
  ["", false],
])("%j opts out: %j", (text, expected) => {
  expect(isOptOut(text, OPT_OUT_KEYWORDS)).toBe(expected);
});

test("a configured list replaces the default, and an empty one turns it off", () => {
  const mine = readKeywords(" Stopp, ENDE ,,");
  expect(mine).toEqual(["stopp", "ende"]);
  expect([isOptOut("ende", mine), isOptOut("stop", mine)]).toEqual([true, false]);
  expect(readKeywords("")).toEqual([]);
  expect(isOptOut("", readKeywords(" , "))).toBe(false);
});

test("the default keywords are as a configuration would be read", () => {
  expect(readKeywords(OPT_OUT_KEYWORDS.join(","))).toEqual(OPT_OUT_KEYWORDS);
});
