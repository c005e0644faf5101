import { expect } from "vitest";
import type { CallInit, TestApi } from "./open-test-api.ts";

/** A bad request and what it is answered. */
export interface Case {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly init?: CallInit | (() => CallInit);
  readonly status: number;
  readonly code: string;
  /** The rejected fields, in order. */
  readonly fields?: readonly string[];
}

/** Sends it, and expects the envelope of the catalog with nothing of our inside in it. */
export async function expectRefusal(api: TestApi, given: Case): Promise<void> {
  const { method = "POST", path = "/v1/messages", status, code, fields } = given;
  const init = typeof given.init === "function" ? given.init() : given.init;
  const answer = await api.call(method, path, init);
  expect(answer.body).toMatchObject({ success: false, error_code: code });
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(answer.body["timestamp"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const validation = answer.body["validation"] as { field: string }[] | undefined;
  expect(validation?.map(({ field }) => field)).toEqual(fields);
  expect(answer.text).not.toMatch(/\\n\s+at |node_modules|\.ts:/);
}
