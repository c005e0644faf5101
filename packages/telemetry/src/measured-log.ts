import type { Fields, Log } from "./log.ts";

/** What a line of the log is measured as, by its event; the fields are those of the line. */
export type Measures = Readonly<Record<string, (fields: Fields) => void>>;

/** The same log, whose lines are measured as well, so that metrics and log can't tell different stories. Children are measured too. */
export function measureLog(log: Log, measures: Measures): Log {
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (event: string, fields: Fields = {}): void => {
      measures[event]?.(fields);
      log[level](event, fields);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    plain(event, fields) {
      measures[event]?.(fields);
      log.plain(event, fields);
    },
    child: (fields) => measureLog(log.child(fields), measures),
  };
}

/** A field as a label: `none` where it is absent. */
export function label(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "none";
}
