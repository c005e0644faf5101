import { catalogRow, ERROR_CODES, type Dialect, SETTINGS, type Settings } from "@pombo/domain";
import type { ErrorCode } from "@pombo/domain";
import { answerOf } from "./dialect.ts";

/** The body of `GET /v1/errors`: the catalog, one entry per code. */
export function errorList() {
  return {
    success: true,
    errors: ERROR_CODES.map((code) => {
      const { class: blame, scope, effect, remedy, says } = catalogRow(code);
      const http = {
        native: inDialect("native", code),
        wuts: inDialect("wuts", code),
        session: inDialect("session", code),
      };
      return { code, http, class: blame, scope, effect, remedy, says };
    }),
  };
}

function inDialect(dialect: Dialect, code: ErrorCode): { status: number; code: string } | null {
  return answerOf(dialect, code) ?? null;
}

/** The body of `GET /v1/limits`: every setting with the value in force. */
export function limitList(settings: Settings) {
  const limits = Object.entries(settings).map(([name, value]) => {
    const row = Object.entries(SETTINGS).find(([known]) => known === name)?.[1];
    return [name, { value, says: row?.says ?? "" }] as const;
  });
  return { success: true, limits: Object.fromEntries(limits) };
}
