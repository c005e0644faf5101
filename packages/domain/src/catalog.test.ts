import { expect, test } from "vitest";
import { catalogRow, ERROR_CODES, isErrorCode } from "./catalog.ts";

test("every code is upper snake case, and only catalog codes are codes", () => {
  for (const code of ERROR_CODES) expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
  expect(isErrorCode("SEND_FAILED")).toBe(true);
  for (const name of ["toString", "__proto__", "", "send_failed"])
    expect(isErrorCode(name)).toBe(false);
});

test("in the wuts dialect an answer is 4xx exactly when the class is client", () => {
  for (const code of ERROR_CODES) {
    const row = catalogRow(code);
    const status = row.http.wuts?.status;
    if (status !== undefined) expect([code, status < 500]).toEqual([code, row.class === "client"]);
  }
});

test("a client error is final, except where the recipient gets one more try", () => {
  for (const code of ERROR_CODES) {
    const { class: blame, remedy } = catalogRow(code);
    if (blame === "client") expect(["fix", "once-more"]).toContain(remedy.kind);
    else expect(remedy.kind).not.toBe("fix");
  }
});

test("codes whose message may have left are never an HTTP answer", () => {
  for (const code of ERROR_CODES) {
    const { effect, http } = catalogRow(code);
    if (effect === "possible") expect([code, http]).toEqual([code, {}]);
  }
});

test("a sentence begins like one and ends in a word", () => {
  for (const code of ERROR_CODES) expect(catalogRow(code).says).toMatch(/^[A-Z].*[A-Za-z.]$/);
});
