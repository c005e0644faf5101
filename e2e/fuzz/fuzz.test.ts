import { expect, test } from "vitest";
import { judge } from "./judge.ts";
import type { FuzzRequest } from "./make-request.ts";
import { runFuzz } from "./run-fuzz.ts";

test("whatever is sent, the answer has the right envelope and nothing of our inside", async () => {
  const said: string[] = [];
  const report = await runFuzz({ seed: 20_261, requests: 600 }, (line) => said.push(line));
  expect([...report.wrong], said.join("\n")).toEqual([]);
}, 120_000);

const request: FuzzRequest = {
  operation: { method: "GET", path: "/v1/x", parameters: [], statuses: new Set([200, 404]) },
  method: "GET",
  path: "/v1/x",
  headers: {},
};
const envelope = {
  success: false,
  error: "There is nothing at this address",
  error_code: "NOT_FOUND",
  timestamp: "2026-01-01T00:00:00Z",
};
const rules = { codes: new Set(["NOT_FOUND", "CONFLICT", "INTERNAL_ERROR"]) };

function judged(over: object, status = 404, path = "/v1/x"): string | undefined {
  const text = JSON.stringify({ ...envelope, ...over });
  return judge({ ...request, path }, { status, type: "application/json", text }, rules);
}

test("the judge finds nothing where nothing is", () => {
  expect(judged({})).toBeUndefined();
  const validation = [{ field: "a", message: "a is odd", value: "TypeError at x.ts:1" }];
  expect(judged({ validation })).toBeUndefined();
});

test("the judge wants a success to say so", () => {
  expect(judged({ success: true }, 200)).toBeUndefined();
  expect(judged({}, 200)).toBe("a success that does not say so");
  expect(judged({ data: {} }, 201, "/api/v1/x")).toBeUndefined();
});

test.each([
  [{ error_code: "INTERNAL_ERROR" }, 500, /INTERNAL_ERROR/],
  [{ error_code: "ODD" }, 404, /does not know ODD/],
  [{ error_code: "CONFLICT" }, 409, /409 CONFLICT is not described/],
  [{ success: true }, 404, /another envelope/],
  [{ timestamp: "today" }, 404, /no timestamp/],
  [{ error: "TypeError: x is not a function" }, 404, /tells TypeError/],
  [{ error: "WRONGTYPE Operation" }, 404, /tells WRONGTYPE/],
  [{ error: "key {pombo:c0}:message" }, 404, /tells \{pombo:/],
])("the judge finds %j", (over, status, says) => {
  expect(judged(over, status)).toMatch(says);
});

test("the judge knows the envelope of each dialect", () => {
  expect(judged({}, 404, "/api/v1/x")).toBe("another session envelope");
  const session = { error: { code: "NOT_FOUND", message: "Not found", status: 404 } };
  const answer = { status: 404, type: "application/json", text: JSON.stringify(session) };
  expect(judge({ ...request, path: "/api/v1/x" }, answer, rules)).toBeUndefined();
  expect(judge(request, answer, rules)).toBe("another envelope");
});
