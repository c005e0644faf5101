import { expect, test } from "vitest";
import { detect } from "./detect.ts";

test.each([
  ["3eb0a1b2c3d4e5f6a7b8c9", "/messages/3EB0A1B2C3D4E5F6A7B8C9"],
  [" dev_0123456789abcdef ", "/devices/dev_0123456789abcdef"],
  ["pool_0123456789ABCDEF", "/pools?pool=pool_0123456789abcdef"],
  ["bat_0123456789a", "/batches/bat_0123456789A"],
  ["wh_0123456789abcdef", "/webhooks?webhook=wh_0123456789abcdef"],
  ["op_0123456789abcdef", "/operations/op_0123456789abcdef"],
  ["+55 11 90000-0002", "/messages#to=5511900000002"],
  ["5511900000002@s.whatsapp.net", "/messages#to=5511900000002@s.whatsapp.net"],
  ["order 17/b", "/messages?client_ref=order%2017%2Fb"],
])("%s leads to %s first", (text, href) => {
  expect(detect(text)[0]?.href).toBe(href);
});

test("a number never stands where a server logs it, unless it is meant as a reference", () => {
  const [first, ...others] = detect("5511900000002");
  expect(others.at(-1)?.href).toBe("/devices?q=5511900000002");
  expect(first?.href).toMatch(/^\/messages#/);
  expect(others.map(({ says }) => says)).toEqual([
    "Messages with this client_ref",
    "Devices with this name",
  ]);
});

test("nothing leads nowhere", () => {
  expect(detect("  ")).toEqual([]);
});
