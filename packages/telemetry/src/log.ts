import { pino, stdTimeFunctions } from "pino";

import { byTurn } from "./by-turn.ts";
import { mask } from "./mask.ts";
import { redact } from "./redact.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type Fields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  /** the process or part that speaks, for example `worker` */
  readonly name: string;
  /** default `info` */
  readonly level?: LogLevel;
  /** takes whole lines; default: standard output */
  readonly destination?: { write(line: string): void };
}

export interface Log {
  /** @param event a fact in the past tense, for example `message.accepted` */
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** a log whose lines all carry these fields */
  child(fields: Fields): Log;
}

/** A log of JSON lines `{level, time, name, event, …fields}`. Every field passes through {@link redact}. */
export function openLog(options: LogOptions): Log {
  const settings = {
    level: options.level ?? "info",
    base: { name: options.name },
    messageKey: "event",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  const destination = options.destination;
  return logOn(pino(settings, destination ?? byTurn(pino.destination({ fd: 1, sync: true }))), {});
}

type Lines = Pick<ReturnType<typeof pino>, "debug" | "info" | "warn" | "error" | "isLevelEnabled">;
type Level = "debug" | "info" | "warn" | "error";

function logOn(lines: Lines, always: Fields): Log {
  const carried = clean(always);
  const at =
    (level: Level) =>
    (event: string, fields: Fields = {}): void => {
      if (lines.isLevelEnabled(level)) lines[level](clean(fields, carried), mask(event));
    };
  const child = (fields: Fields): Log => logOn(lines, { ...always, ...fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child };
}

// The line has these itself; twice the same key would make it ambiguous.
const OWN_KEYS = new Set(["level", "time", "name", "event"]);

function clean(fields: Fields, carried: Fields = {}): Fields {
  let named = fields;
  for (const key of Object.keys(fields))
    if (OWN_KEYS.has(key)) {
      const { [key]: value, ...others } = named;
      named = { ...others, [`${key}_`]: value };
    }
  const redacted = redact(named) as Fields;
  return { ...carried, ...redacted };
}
