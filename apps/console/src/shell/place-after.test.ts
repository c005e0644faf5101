import { expect, test } from "vitest";
import { placeAfter } from "./place-after.ts";

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
