import type { ErrorCode } from "@pombo/domain";
import { z } from "zod";
import { errorCode } from "./error-code.ts";
import type { Route } from "./route.ts";

const httpAnswer = z.object({ status: z.int(), code: z.string() }).nullable();

const errorList = z
  .object({
    success: z.literal(true),
    errors: z.array(
      z.object({
        code: errorCode,
        http: z.object({ native: httpAnswer, wuts: httpAnswer, session: httpAnswer }),
        class: z.enum(["client", "transient", "account"]),
        scope: z.enum(["request", "message", "recipient", "device", "account"]),
        effect: z.enum(["none", "possible"]),
        remedy: z.looseObject({ kind: z.string() }),
        says: z.string(),
      }),
    ),
  })
  .meta({ id: "ErrorList" });

const limitList = z
  .object({
    success: z.literal(true),
    limits: z.record(z.string(), z.object({ value: z.int(), says: z.string() })),
  })
  .meta({ id: "LimitList" });

const health = z
  .object({ success: z.literal(true), status: z.literal("live") })
  .meta({ id: "Health" });

const readiness = z
  .object({
    success: z.literal(true),
    status: z.literal("ready"),
    checks: z.record(z.enum(["redis", "scripts", "clock", "disk"]), z.literal("ok")),
  })
  .meta({ id: "Readiness" });

const NONE: readonly ErrorCode[] = [];

export const META_ROUTES = {
  listErrors: {
    method: "GET",
    path: "/v1/errors",
    auth: "public",
    summary: "The error catalog",
    answers: { 200: { says: "Every code, and what it means.", schema: errorList } },
    errors: NONE,
  },
  listLimits: {
    method: "GET",
    path: "/v1/limits",
    auth: "key",
    summary: "Every limit and time of this installation",
    answers: { 200: { says: "The limits in force.", schema: limitList } },
    errors: NONE,
  },
  getOpenapi: {
    method: "GET",
    path: "/openapi.json",
    auth: "public",
    summary: "This document",
    answers: { 200: { says: "OpenAPI 3.1.", schema: z.looseObject({ openapi: z.string() }) } },
    errors: NONE,
  },
  getLiveness: {
    method: "GET",
    path: "/health/live",
    auth: "public",
    summary: "Is the process alive?",
    answers: { 200: { says: "It is.", schema: health } },
    errors: NONE,
  },
  getReadiness: {
    method: "GET",
    path: "/health/ready",
    auth: "public",
    summary: "Can the process take requests?",
    answers: {
      200: {
        says: "It can: Redis answers, runs our scripts and has our time, and the disk has room. Else 503 says what is wrong, or that the process drains.",
        schema: readiness,
      },
    },
    errors: ["SERVICE_UNAVAILABLE"],
  },
} as const satisfies Record<string, Route>;
