import { parseJson } from "@pombo/contract";
import { refusal, undecodable } from "./upload-stop.ts";

export interface JsonRow {
  /** The physical line on which it begins, from 1. */
  readonly line: number;
  /** Length in the text. */
  readonly chars: number;
  readonly value: unknown;
}

export interface JsonBody {
  /** All members but `rows`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Absent when there is no list of that name. */
  readonly rows?: readonly JsonRow[];
}

export interface JsonBodyReader {
  /** @throws UploadStop */
  push(text: string): void;
  /** @throws UploadStop */
  end(): JsonBody;
}

export interface JsonBodyOptions {
  readonly mostRows: number;
  /** Longest member or row, in characters. */
  readonly mostChars: number;
}

/** What the next token is. `value` and `row` are parsed as they are; around them stand marks. */
type Place = "start" | "key" | "value" | "row" | "after-rows" | "done";

const ROWS = "rows";

/**
 * An object with settings and `rows`, piece after piece: every member and every row is parsed by itself, so that no moment of it takes long
 * and each row has its line. All of it is what `JSON.parse` would make of the whole.
 */
export function jsonBodyReader({ mostRows, mostChars }: JsonBodyOptions): JsonBodyReader {
  const settings: Record<string, unknown> = {};
  const rows: JsonRow[] = [];
  const names = new Set<string>();
  let place: Place = "start";
  let name = "";
  /** After a comma something must follow. */
  let owed = false;

  const put: Readonly<Record<Place, (token: Token) => Place>> = {
    start(token) {
      if (token.mark === "{" && token.text === "") return "key";
      throw notAnObject(token);
    },
    key(token) {
      if (token.mark === "}" && token.text === "" && !owed) return "done";
      const read = token.mark === ":" ? parse(token) : undefined;
      if (typeof read !== "string") throw noJson(token);
      if (names.has(read)) throw noJson(token, "has the same key twice");
      if (read === "__proto__") throw noJson(token, 'has the key "__proto__"');
      names.add(read);
      name = read;
      return "value";
    },
    value(token) {
      if (token.mark === "[") {
        if (token.text !== "") throw noJson(token);
        owed = false;
        return "row";
      }
      settings[name] = parse(token);
      return afterMember(token);
    },
    row(token) {
      if (token.mark !== "," && token.mark !== "]") throw noJson(token);
      if (token.mark === "]" && token.text === "" && !owed) return "after-rows";
      if (rows.length === mostRows) throw tooMany(mostRows);
      rows.push({ line: token.line, chars: token.text.length, value: parse(token) });
      owed = true;
      return token.mark === "," ? "row" : "after-rows";
    },
    "after-rows"(token) {
      if (token.text !== "") throw noJson(token);
      return afterMember(token);
    },
    done(token) {
      throw noJson(token);
    },
  };

  const afterMember = (token: Token): Place => {
    if (token.mark !== "," && token.mark !== "}") throw noJson(token);
    owed = token.mark === ",";
    return owed ? "key" : "done";
  };

  const scanner = tokenScanner(mostChars, () => {
    if (place === "start") return "{";
    return place === "value" && name === ROWS ? "[" : undefined;
  });

  return {
    push(text) {
      for (const token of scanner.push(text)) place = put[place](token);
    },
    end() {
      const rest = scanner.end();
      if (place === "start" && rest.text === "") throw undecodable("The upload is empty");
      if (place === "start") throw notAnObject(rest);
      if (place !== "done" || rest.text !== "") throw noJson(rest);
      return names.has(ROWS) && !Object.hasOwn(settings, ROWS) ? { settings, rows } : { settings };
    },
  };
}

interface Token {
  /** Without space around it. */
  readonly text: string;
  /** What ended it; absent at the end of the text. */
  readonly mark?: string;
  readonly line: number;
}

interface TokenScanner {
  push(text: string): Generator<Token>;
  end(): Token;
}

/**
 * Cuts JSON into what stands between the marks of its outermost levels. Lists and objects inside are part of a token, but for the bracket that
 * `entered` names: it ends the token that it begins.
 */
function tokenScanner(mostChars: number, entered: () => string | undefined): TokenScanner {
  let held = "";
  let line = 1;
  let tokenLine = 0;
  let depth = 0;
  let quoted = false;
  let escaped = false;

  /** Whether the character ends the token. */
  const step = (mark: string): boolean => {
    if (mark === "\n") line += 1;
    if (tokenLine === 0 && mark.trim() !== "") tokenLine = line;
    if (quoted) {
      if (escaped) escaped = false;
      else if (mark === "\\") escaped = true;
      else if (mark === '"') quoted = false;
      return false;
    }
    return stepOutside(mark);
  };
  const stepOutside = (mark: string): boolean => {
    if (mark === '"') quoted = true;
    else if (mark === "{" || mark === "[") {
      if (depth === 0 && mark === entered()) return true;
      depth += 1;
    } else if (depth === 0) return mark === "," || mark === ":" || mark === "}" || mark === "]";
    else if (mark === "}" || mark === "]") depth -= 1;
    return false;
  };
  const take = (text: string): Omit<Token, "mark"> => {
    const token = { text: (held + text).trim(), line: tokenLine === 0 ? line : tokenLine };
    held = "";
    tokenLine = 0;
    return token;
  };

  return {
    *push(text) {
      let from = 0;
      for (let at = 0; at < text.length; at += 1) {
        const mark = text.charAt(at);
        if (!step(mark)) continue;
        yield { ...take(text.slice(from, at)), mark };
        from = at + 1;
      }
      held += text.slice(from);
      if (held.length > mostChars && held.trim().length > mostChars)
        throw undecodable(
          `What begins in line ${tokenLine} is longer than ${mostChars} characters`,
          tokenLine,
        );
    },
    end: () => take(""),
  };
}

function parse(token: Token): unknown {
  const parsed = parseJson(token.text, "The upload");
  if (parsed.kind === "json") return parsed.value;
  throw parsed.detail === undefined || token.text === ""
    ? noJson(token)
    : undecodable(`${parsed.detail} (line ${token.line})`, token.line);
}

function noJson({ line }: Token, says = "is not valid JSON") {
  return undecodable(`The upload ${says} (line ${line})`, line);
}

const OTHER_JSON = /^(?:["[\d-]|true|false|null)/;

/** JSON of another type, as far as its first letters tell. */
function notAnObject(token: Token) {
  if (!OTHER_JSON.test(token.text + (token.mark ?? ""))) return noJson(token);
  const detail = "The upload must be a JSON object with rows";
  return refusal({ code: "INVALID_REQUEST_FORMAT", detail }, token.line);
}

function tooMany(mostRows: number) {
  return refusal({
    code: "PAYLOAD_TOO_LARGE",
    detail: `JSON has at most ${mostRows} rows: send NDJSON or CSV`,
  });
}
