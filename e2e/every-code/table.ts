import { catalogRow, type Dialect, ERROR_CODES, type ErrorCode } from "@pombo/domain";
import type { Answered, Stage } from "./stage.ts";

export const DIALECTS = ["native", "wuts", "session"] as const satisfies readonly Dialect[];

/** Provokes the code and returns the answer that carries it. */
export type Provoke = (stage: Stage, dialect: Dialect) => Promise<Answered>;

export type Cell =
  | { readonly kind: "case"; readonly provoke: Provoke }
  /** No route of the dialect can meet it; held against the route table. */
  | { readonly kind: "unmet" };

/** How a code is provoked in each dialect that answers with it; for one that is never an answer, how it gets into `last_error`. */
export interface Row {
  readonly cells: Readonly<Partial<Record<Dialect, Cell>>>;
  /** Returns the code that was read from `last_error`. */
  readonly lastError?: (stage: Stage) => Promise<string | undefined>;
}

export const unmet: Cell = { kind: "unmet" };

export function provoked(provoke: Provoke): Cell {
  return { kind: "case", provoke };
}

/** The same way in all three dialects, but for those that are given. */
export function everywhere(provoke: Provoke, over: Row["cells"] = {}): Row {
  const cell = provoked(provoke);
  return { cells: { native: cell, wuts: cell, session: cell, ...over } };
}

export type Coverage = Readonly<Partial<Record<ErrorCode, Row>>>;

/** The catalog's rows that the table says nothing about: none may be left. */
export function missing(table: Coverage): readonly string[] {
  return ERROR_CODES.flatMap((code) => {
    const row = table[code];
    const answers = DIALECTS.filter((dialect) => catalogRow(code).http[dialect] !== undefined);
    if (answers.length === 0) return row?.lastError === undefined ? [`${code} in last_error`] : [];
    return answers
      .filter((dialect) => row?.cells[dialect] === undefined)
      .map((dialect) => `${code} in ${dialect}`);
  });
}

/** Code × dialect, with what became of each cell. */
export function printed(table: Coverage, seen: ReadonlyMap<string, string>): string {
  const lines = ERROR_CODES.map((code) => {
    const cells = DIALECTS.map((dialect) => {
      const answer = catalogRow(code).http[dialect];
      if (answer === undefined) return "–";
      const cell = table[code]?.cells[dialect];
      if (cell?.kind === "unmet") return "no route";
      return seen.get(`${code} ${dialect}`) ?? "not provoked";
    });
    const last =
      table[code]?.lastError === undefined ? "" : (seen.get(`${code} last`) ?? "not seen");
    return [code.padEnd(28), ...cells.map((text) => text.padEnd(30)), last].join(" ");
  });
  const head = ["code".padEnd(28), ...DIALECTS.map((name) => name.padEnd(30)), "last_error"];
  return [head.join(" "), ...lines].join("\n");
}
