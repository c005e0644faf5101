import { catalogRow, type Dialect, ERROR_CODES, type ErrorCode } from "@pombo/domain";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DEVICE_CASES, WORKER_CASES } from "./every-code/device-cases.ts";
import { MESSAGE_CASES } from "./every-code/message-cases.ts";
import { REQUEST_CASES } from "./every-code/request-cases.ts";
import { type Answered, openStage, type Stage } from "./every-code/stage.ts";
import { type Coverage, DIALECTS, missing, printed } from "./every-code/table.ts";

const TABLE: Coverage = { ...REQUEST_CASES, ...MESSAGE_CASES, ...DEVICE_CASES, ...WORKER_CASES };

let stage: Stage;
const seen = new Map<string, string>();

beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  process.stdout.write(`${printed(TABLE, seen)}\n`);
  await stage[Symbol.asyncDispose]();
});

afterEach(() => stage.clear());

test("no row of the catalog is without a case", () => {
  expect(missing(TABLE)).toEqual([]);
});

test("where no route meets a code, none says that it does", async () => {
  const { body } = await stage.ask("GET", "/openapi.json");
  const paths = body["paths"] as Record<string, Record<string, { responses: object }>>;
  const told = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map(({ responses }) => ({
      dialect: dialectOf(path),
      says: JSON.stringify(responses),
    })),
  );
  for (const code of ERROR_CODES)
    for (const dialect of DIALECTS) {
      if (TABLE[code]?.cells[dialect]?.kind !== "unmet") continue;
      const liars = told.filter(
        (one) => one.dialect === dialect && one.says.includes(`\`${code}\``),
      );
      expect([code, dialect, liars]).toEqual([code, dialect, []]);
    }
});

function dialectOf(path: string): Dialect {
  if (path.startsWith("/v1/") || path.startsWith("/console/")) return "native";
  return path.startsWith("/api/v1/") ? "session" : "wuts";
}

provoke("requests", REQUEST_CASES);
provoke("messages", MESSAGE_CASES);
provoke("devices", DEVICE_CASES);

test("the supervisor's worker goes", async () => {
  for (const _dialect of DIALECTS)
    // oxlint-disable-next-line no-await-in-loop -- one pairing after the other
    stage.spares.push(await stage.freshDevice());
  for (const pid of (await stage.pombo.living()).worker) process.kill(pid, "SIGKILL");
});

provoke("workers", WORKER_CASES);

/** A test for each cell that has a case. */
function provoke(about: string, table: Coverage): void {
  const cases = ERROR_CODES.flatMap((code) =>
    DIALECTS.flatMap((dialect) => {
      const cell = table[code]?.cells[dialect];
      return cell?.kind === "case" ? [{ code, dialect, provoke: cell.provoke }] : [];
    }),
  );
  if (cases.length > 0)
    test.each(cases)(`${about}: $code in $dialect`, async ({ code, dialect, provoke: how }) => {
      const answer = await how(stage, dialect);
      await expectCode(answer, code, dialect);
      seen.set(`${code} ${dialect}`, `${answer.status} ${nameIn(answer, dialect)}`);
    });
  const lasts = ERROR_CODES.filter((code) => table[code]?.lastError !== undefined);
  if (lasts.length > 0)
    test.each(lasts)(`${about}: %s in last_error`, async (code) => {
      expect(await table[code]?.lastError?.(stage)).toBe(code);
      seen.set(`${code} last`, "seen");
    });
}

/** Status and envelope of the dialect, and the code that the process itself says it was. */
async function expectCode(answer: Answered, code: ErrorCode, dialect: Dialect): Promise<void> {
  const { http, class: blame } = catalogRow(code);
  const want = http[dialect];
  const shown = `${code} in ${dialect}: ${answer.text.slice(0, 400)}`;
  expect(answer.status, shown).toBe(want?.status);
  expect(nameIn(answer, dialect), shown).toBe(want?.code ?? code);
  expect(await stage.loggedCode(answer), shown).toBe(code);
  if (dialect === "wuts") expect(answer.status < 500, shown).toBe(blame === "client");
  if (answer.status === 503 || answer.status === 429)
    expect(Number(answer.headers.get("retry-after")), shown).toBeGreaterThan(0);
  expect(answer.text).not.toMatch(/\n\s+at |node_modules|\.ts:/);
}

/** The code that the envelope names; a session's 422 for fields names none. */
function nameIn({ body }: Answered, dialect: Dialect): string {
  if (dialect !== "session") {
    expect(body).toMatchObject({ success: false, timestamp: expect.any(String) as string });
    return String(body["error_code"]);
  }
  if (body["errors"] === undefined)
    return String((body["error"] as { code?: unknown } | undefined)?.code);
  expect(Object.keys(body)).toEqual(["message", "errors"]);
  return "VALIDATION_ERROR";
}
