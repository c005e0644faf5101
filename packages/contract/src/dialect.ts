import { catalogRow, type Dialect, type ErrorCode } from "@pombo/domain";

/** The dialect of a path: `/v1/*` and the console's native, `/api/v1/*` session, everything else wuts. */
export function dialectOf(path: string): Dialect {
  if (isUnder(path, "/v1") || isUnder(path, "/console")) return "native";
  return isUnder(path, "/api/v1") ? "session" : "wuts";
}

/** What a code is in a dialect, or undefined where it is never an HTTP answer there. */
export function answerOf(
  dialect: Dialect,
  code: ErrorCode,
): { readonly status: number; readonly code: string } | undefined {
  const answer = catalogRow(code).http[dialect];
  return answer === undefined ? undefined : { status: answer.status, code: answer.code ?? code };
}

function isUnder(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  const next = path.charAt(prefix.length);
  return next === "" || next === "/" || next === "?";
}
