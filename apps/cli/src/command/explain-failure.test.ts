import { PomboError } from "@pombo/sdk";
import { expect, test } from "vitest";
import { explainFailure } from "./explain-failure.ts";

test("a refusal shows its fields and where to read more", () => {
  const error = new PomboError({
    code: "VALIDATION_ERROR",
    status: 400,
    detail: "Validation failed",
    validation: [{ field: "to", message: "to is wrong", value: "x" }],
  });
  expect(explainFailure(error)).toEqual({
    code: 3,
    lines: [
      "VALIDATION_ERROR: Validation failed",
      "  to: to is wrong",
      "More: pombo errors VALIDATION_ERROR",
    ],
  });
});

test("what an answer repeats can't command the terminal", () => {
  const error = new PomboError({ code: "NOT_FOUND", status: 404, detail: "no \u001B[2J\nroute" });
  expect(explainFailure(error)?.lines[0]).toBe("NOT_FOUND: no  [2J route");
});

test("what passes by itself is another exit code than what does not", () => {
  const away = new PomboError({ code: "SERVICE_UNAVAILABLE", status: 503, detail: "Redis away" });
  expect(explainFailure(away)?.code).toBe(4);
  const key = new PomboError({ code: "INVALID_API_KEY", status: 401, detail: "no" });
  expect(explainFailure(key)?.code).toBe(3);
});

test("no answer shows what the network said", () => {
  const cause = new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  const error = new PomboError({ code: "NO_ANSWER", status: 0, detail: "no answer", cause });
  expect(explainFailure(error)).toMatchObject({
    code: 4,
    lines: ["Pombo can't be reached: connect ECONNREFUSED.", expect.any(String) as string],
  });
});

test("a bug is not explained", () => {
  expect(explainFailure(new TypeError("undefined is not a function"))).toBeUndefined();
});
