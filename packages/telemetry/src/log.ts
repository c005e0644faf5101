import { pino, stdTimeFunctions } from "pino";

import { byTurn } from "./by-turn.ts";
import { mask } from "./mask.ts";
import { redact } from "./redact.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type Fields = Readonly<Record<string, unknown>>;
export type PlainFields = Readonly<Record<string, string | number | undefined>>;

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
  /**
   * As `info`, without a look for people and secrets: for the line of every request, whose fields are ids, enums and numbers of
   * ours. An absent field is left out.
   */
  plain(event: string, fields: PlainFields): void;
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
  const destination = options.destination ?? byTurn(pino.destination({ fd: 1, sync: true }));
  return logOn({ lines: pino(settings, destination), destination, name: options.name }, {});
}

interface Sink {
  readonly lines: Lines;
  readonly destination: { write(line: string): unknown };
  readonly name: string;
}

type Lines = Pick<ReturnType<typeof pino>, "debug" | "info" | "warn" | "error" | "isLevelEnabled">;
type Level = "debug" | "info" | "warn" | "error";

function logOn(sink: Sink, always: Fields): Log {
  const { lines, destination, name } = sink;
  const carried = clean(always);
  const begin = `","name":${JSON.stringify(name)}${members(carried)}`;
  const at =
    (level: Level) =>
    (event: string, fields: Fields = {}): void => {
      if (lines.isLevelEnabled(level)) lines[level](clean(fields, carried), mask(event));
    };
  const plain = (event: string, fields: PlainFields): void => {
    if (!lines.isLevelEnabled("info")) return;
    const time = new Date().toISOString();
    destination.write(
      `{"level":"info","time":"${time}${begin}${members(fields)},"event":"${event}"}\n`,
    );
  };
  const child = (fields: Fields): Log => logOn(sink, { ...always, ...fields });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    plain,
    child,
  };
}

/** `,"name":value` for each field. */
function members(fields: Fields): string {
  let text = "";
  for (const key in fields) {
    const value = fields[key];
    if (value === undefined) continue;
    text += `,"${key}":${typeof value === "number" ? value : JSON.stringify(value)}`;
  }
  return text;
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
