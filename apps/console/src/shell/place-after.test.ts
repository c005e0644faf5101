import { expect, test } from "vitest";
import { isOutside, placeAfter } from "./place-after.ts";

test.each([
  [undefined, "/"],
  ["/console", "/"],
  ["/console/devices?state=blocked", "/devices?state=blocked"],
  ["/messages?status=failed", "/messages?status=failed"],
  ["/console?range=1h", "/?range=1h"],
  ["/console/sign-in?next=/", "/"],
  ["//elsewhere.example/console", "/"],
  ["/console//elsewhere.example", "/"],
  ["/\\elsewhere.example", "/"],
  ["https://elsewhere.example", "/"],
  ["javascript:alert(1)", "/"],
])("a sign-in with next=%s leads to %s", (next, place) => {
  expect(placeAfter(next)).toBe(place);
});

test.each([
  ["/queues", true],
  ["/queues/queue/dead-letters?status=failed", true],
  ["/queues?status=failed", true],
  ["/queues-of-mine", false],
  ["/messages?next=/queues", false],
  ["/", false],
])("%s is a page of another program: %s", (place, outside) => {
  expect(isOutside(place)).toBe(outside);
});
