import { z } from "zod";
import { scope } from "./api-key.ts";
import { instant } from "./message.ts";
import type { DescribedRoute } from "./route.ts";

const signInBody = z
  .strictObject({ key: z.string().meta({ description: "An API key." }) })
  .meta({ id: "SignIn" });

const consoleSession = z
  .object({
    success: z.literal(true),
    name: z.string().meta({ description: "The name of the key." }),
    key_id: z.string().meta({ example: "key_0123456789abcdef" }),
    scopes: z.array(scope),
    devices: z.union([z.literal("*"), z.array(z.string())]),
    device_id: z.string().nullable(),
    expires_at: instant,
    now: instant,
    mode: z.enum(["sandbox", "live"]),
  })
  .meta({ id: "ConsoleSession" });

/**
 * The session of the console. It is described beside the routes of the table and not one of them: no key opens it, and only a page of
 * the very address may ask.
 */
export const CONSOLE_ROUTES = {
  consoleSignIn: {
    method: "POST",
    path: "/console/session",
    auth: "public",
    fromPage: true,
    summary: "Sign a page of the console in",
    body: signInBody,
    answers: {
      200: {
        says: "Who is signed in; `Set-Cookie` brings the cookie. An earlier session of the browser ends.",
        schema: consoleSession,
      },
    },
    errors: ["FORBIDDEN", "INVALID_API_KEY", "RATE_LIMITED", "SERVICE_UNAVAILABLE"],
  },
  consoleWho: {
    method: "GET",
    path: "/console/session",
    auth: "session",
    fromPage: true,
    summary: "Who is signed in?",
    answers: { 200: { says: "Whose key it is, and what it may do.", schema: consoleSession } },
    errors: ["INVALID_API_KEY"],
  },
  consoleSignOut: {
    method: "DELETE",
    path: "/console/session",
    auth: "session",
    fromPage: true,
    summary: "Sign out",
    answers: {
      204: { says: "The session has ended, if there was one; the cookie is taken back." },
    },
    errors: [],
  },
} as const satisfies Record<string, DescribedRoute>;
