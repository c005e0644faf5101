import { expect, test } from "vitest";
import { classifyNack, classifyRejection } from "./classify.ts";
import { IQ_TABLE } from "./iq-table.ts";
import { NACK_TABLE } from "./nack-table.ts";
import { PUBLISHED_IQS, PUBLISHED_NACKS } from "./published-fixture.ts";
import { REJECTION_BY_ERRNO, REJECTION_BY_STATUS, REJECTION_BY_TEXT } from "./rejection-table.ts";

/** An error as Baileys makes them. */
function boom(message: string, statusCode: number, data?: unknown): Error {
  return Object.assign(new Error(message), { data, output: { statusCode } });
}

function codesOf(table: Readonly<Record<string | number, { readonly code: string }>>) {
  return Object.fromEntries(Object.entries(table).map(([key, { code }]) => [key, code]));
}

test("the tables are as published, row by row", () => {
  expect(codesOf(NACK_TABLE)).toEqual(PUBLISHED_NACKS);
  expect(codesOf(IQ_TABLE)).toEqual(PUBLISHED_IQS);
  expect(codesOf(REJECTION_BY_STATUS)).toEqual({
    400: "SEND_REJECTED",
    401: "DEVICE_NOT_READY",
    408: "DEVICE_DISCONNECTED",
    428: "DEVICE_DISCONNECTED",
  });
  expect(codesOf(REJECTION_BY_TEXT)).toEqual({
    "All encryptions failed": "CLIENT_ERROR",
    "Media upload failed on all hosts": "MEDIA_UPLOAD_FAILED",
  });
  expect(codesOf(REJECTION_BY_ERRNO)).toEqual({ ENOENT: "MEDIA_UNACCEPTABLE" });
});

test.each(Object.entries(NACK_TABLE))("nack %s is %j", (code, row) => {
  expect(classifyNack(code)).toEqual({ ...row, cause: { nack: code } });
});

test.each(["999", "soon", "", "4 79"])("nack %j, which nobody knows, is a failed send", (nack) => {
  expect(classifyNack(nack)).toMatchObject({ code: "SEND_FAILED", cause: { nack } });
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
