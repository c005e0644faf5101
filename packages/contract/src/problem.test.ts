import { catalogRow, type Dialect, ERROR_CODES, type ErrorCode } from "@pombo/domain";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerOf, dialectOf } from "./dialect.ts";
import { renderProblem } from "./problem.ts";

const now = Date.UTC(2026, 5, 15, 13, 45, 2, 678);
const anyCode = fc.constantFrom(...ERROR_CODES);
const anyDialect = fc.constantFrom<Dialect>("native", "wuts", "session");
const anyEntries = fc.array(
  fc.record({ field: fc.string(), message: fc.string(), value: fc.jsonValue() }),
  { maxLength: 5 },
);

describe("every code in every dialect", () => {
  test("in the wuts dialect a status is 4xx exactly when the caller is to blame", () => {
    for (const code of ERROR_CODES) {
      const answer = answerOf("wuts", code);
      if (answer === undefined) continue;
      expect([code, answer.status < 500]).toEqual([code, catalogRow(code).class === "client"]);
    }
  });

  test("is an error of the catalog's status, in the dialect's envelope and no other", () => {
    fc.assert(
      fc.property(anyDialect, anyCode, anyEntries, (dialect, code, validation) => {
        const { status, body } = renderProblem(dialect, { code, validation }, { now });
        const answer = answerOf(dialect, code) ?? answerOf(dialect, "INTERNAL_ERROR");
        expect(status).toBe(answer?.status);
        expect(status).toBeGreaterThanOrEqual(400);
        if (dialect !== "session")
          expect(body).toMatchObject({ success: false, error_code: answer?.code });
        else if (answer?.code === "VALIDATION_ERROR")
          expect(Object.keys(body)).toEqual(["message", "errors"]);
        else
          expect(body).toEqual({
            error: { code: answer?.code, message: expect.any(String), status },
          });
      }),
    );
  });

  test("names a sentence for people and, where waiting helps, how long", () => {
    fc.assert(
      fc.property(anyDialect, anyCode, (dialect, code) => {
        const { status, headers } = renderProblem(dialect, { code }, { now });
        expect(headers["Retry-After"] !== undefined).toBe(status === 503 || status === 429);
        expect(headers["WWW-Authenticate"] !== undefined).toBe(status === 401);
      }),
    );
  });

  test("a code that a dialect never answers with is INTERNAL_ERROR there", () => {
    const { status, body } = renderProblem("native", { code: "OUTCOME_UNKNOWN" }, { now });
    expect([status, body["error_code"]]).toEqual([500, "INTERNAL_ERROR"]);
  });
});

describe("word for word as published", () => {
  test("a WUTS validation error", () => {
    const message = "text is required and must be between 1 and 4096 characters";
    const problem = {
      code: "VALIDATION_ERROR",
      validation: [{ field: "text", message, value: "" }],
    } as const;
    for (const dialect of ["wuts", "native"] as const)
      expect(renderProblem(dialect, problem, { now })).toMatchObject({
        status: 400,
        body: {
          success: false,
          error: "Validation failed",
          error_code: "VALIDATION_ERROR",
          timestamp: "2026-06-15T13:45:02Z",
          validation: [{ field: "text", message, value: "" }],
        },
      });
  });

  test("a WUTS device that is not connected, without validation", () => {
    expect(renderProblem("wuts", { code: "DEVICE_NOT_READY" }, { now }).body).toEqual({
      success: false,
      error: "WhatsApp session is not connected",
      error_code: "DEVICE_NOT_READY",
      timestamp: "2026-06-15T13:45:02Z",
    });
  });

  test.each<[ErrorCode, string, string, number]>([
    ["UNAUTHORIZED", "UNAUTHORIZED", "API key is required. Pass it as a Bearer token.", 401],
    [
      "INVALID_API_KEY",
      "INVALID_API_KEY",
      "The provided API key is invalid or has been revoked.",
      401,
    ],
    [
      "DEVICE_DISCONNECTED",
      "SESSION_NOT_CONNECTED",
      "The session linked to this API key is not connected. Connect it from the dashboard first.",
      422,
    ],
    ["SEND_REJECTED", "SEND_FAILED", "Failed to send message.", 502],
    ["THROTTLED", "SERVICE_UNAVAILABLE", "WhatsApp service is unavailable. Try again later.", 503],
  ])("%s as the session dialect's %s", (...[code, sessionCode, message, status]) => {
    expect(renderProblem("session", { code }, { now }).body).toEqual({
      error: { code: sessionCode, message, status },
    });
  });

  test("a session validation error counts the others", () => {
    const validation = [
      { field: "to", message: "The to field is required.", value: null },
      { field: "message", message: "The message field is required.", value: null },
    ];
    const render = (count: number) =>
      renderProblem(
        "session",
        { code: "VALIDATION_ERROR", validation: validation.slice(0, count) },
        { now },
      );
    expect(render(2)).toMatchObject({
      status: 422,
      body: {
        message: "The to field is required. (and 1 more error)",
        errors: {
          to: ["The to field is required."],
          message: ["The message field is required."],
        },
      },
    });
    expect(render(1).body["message"]).toBe("The to field is required.");
  });

  test("a session body that can't be read is an error of the field body", () => {
    expect(renderProblem("session", { code: "INVALID_JSON" }, { now })).toMatchObject({
      status: 422,
      body: { errors: { body: ["The request body is not valid JSON"] } },
    });
  });
});

test("RFC 9457 on native paths", () => {
  const problem = { code: "MESSAGE_EXPIRED", messageId: "3EB0" } as const;
  const { status, headers, body } = renderProblem("native", problem, {
    now,
    format: "problem+json",
  });
  expect(headers["Content-Type"]).toBe("application/problem+json; charset=utf-8");
  expect(body).toEqual({
    type: "/docs/errors/MESSAGE_EXPIRED",
    title: catalogRow("MESSAGE_EXPIRED").says,
    status,
    detail: catalogRow("MESSAGE_EXPIRED").says,
    error_code: "MESSAGE_EXPIRED",
    timestamp: "2026-06-15T13:45:02Z",
    message_id: "3EB0",
  });
});

test.each([
  ["/v1", "native"],
  ["/v1/messages", "native"],
  ["/v1?x", "native"],
  ["/v1x", "wuts"],
  ["/console/session", "native"],
  ["/api/v1/messages", "session"],
  ["/api/v2", "wuts"],
  ["/send/text", "wuts"],
  ["/", "wuts"],
])("the dialect of %s is %s", (path, dialect) => {
  expect(dialectOf(path)).toBe(dialect);
});
