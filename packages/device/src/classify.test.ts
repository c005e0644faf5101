import { expect, test } from "vitest";
import { classifyNack, classifyRejection } from "./classify.ts";
import { IQ_TABLE } from "./iq-table.ts";
import { NACK_TABLE } from "./nack-table.ts";
import { REJECTION_BY_ERRNO, REJECTION_BY_STATUS, REJECTION_BY_TEXT } from "./rejection-table.ts";

/** An error as Baileys makes them. */
function boom(message: string, statusCode: number, data?: unknown): Error {
  return Object.assign(new Error(message), { data, output: { statusCode } });
}

test.each(Object.entries(NACK_TABLE))("nack %s is %j", (code, row) => {
  expect(classifyNack(code)).toMatchObject(row);
});

test.each([
  ["400", "SEND_REJECTED"],
  ["404", "SEND_REJECTED"],
  ["405", "SEND_REJECTED"],
  ["406", "SEND_REJECTED"],
  ["401", "RECIPIENT_REFUSED"],
  ["403", "RECIPIENT_REFUSED"],
  ["421", "STALE_ADDRESSING"],
  ["479", "STALE_ADDRESSING"],
  ["463", "ACCOUNT_RESTRICTED"],
  ["475", "ACCOUNT_RESTRICTED"],
  ["429", "THROTTLED"],
  ["420", "SEND_FAILED"],
  ["487", "SEND_FAILED"],
  ["552", "SEND_FAILED"],
  ["500", "SEND_FAILED"],
  ["503", "SEND_FAILED"],
  ["999", "SEND_FAILED"],
  ["soon", "SEND_FAILED"],
])("the published meaning of nack %s is %s", (nack, code) => {
  expect(classifyNack(nack).code).toBe(code);
});

test.each(Object.entries(IQ_TABLE))("a query refused with %s is %j", (code, row) => {
  const error = boom("some text of the server", 500, Number(code));
  expect(classifyRejection(error)).toEqual({ ...row, cause: error });
});

test("a query refused with a code that nobody knows is a failed send", () => {
  expect(classifyRejection(boom("?", 500, 799)).code).toBe("SEND_FAILED");
});

test("a bare number is the close code of the socket", () => {
  expect(classifyRejection(1006)).toMatchObject({ code: "DEVICE_DISCONNECTED", cause: 1006 });
});

test.each(Object.entries(REJECTION_BY_STATUS))("status %s is %j", (status, row) => {
  expect(classifyRejection(boom("x", Number(status)))).toMatchObject(row);
});

test.each(Object.entries(REJECTION_BY_TEXT))("the text %j is %j", (text, row) => {
  expect(classifyRejection(boom(text, 500))).toMatchObject(row);
});

test.each(Object.entries(REJECTION_BY_ERRNO))("errno %s is %j", (code, row) => {
  expect(classifyRejection(Object.assign(new Error("x"), { code }))).toMatchObject(row);
});

test.each([
  new TypeError("Cannot destructure property 'user'"),
  undefined,
  null,
  "text",
  {},
  boom("odd", 500),
])("anything else (%s) is the client's error and keeps its cause", (error) => {
  expect(classifyRejection(error)).toMatchObject({ code: "CLIENT_ERROR", cause: error });
});

test("the server's number outranks the status, which Baileys always sets to 500", () => {
  expect(classifyRejection(boom("rate-overlimit", 428, 429)).code).toBe("THROTTLED");
});
