import { undecodable } from "./upload-stop.ts";

/**
 * RFC 4180 over pieces of text, with the physical line of every record. Written here because none of the libraries tried (csv-parse, papaparse,
 * udsv, fast-csv, csv-parser: all MIT) tells that line: csv-parse comes nearest, but counts CR LF inside quotes twice, takes a file of mixed line
 * ends for one of the first kind, and drops the records after a wrong quote.
 *
 * A line ends with LF, CR LF or CR. A record of one empty value is a blank line and no record.
 */
export interface CsvRecord {
  /** The physical line on which it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Length in the file, in characters. */
  readonly chars: number;
  /** Why it can't be read; then `cells` has what was read up to there. */
  readonly wrong?: string;
}

export interface CsvReader {
  /** The records that are complete with this piece. @throws UploadStop */
  push(text: string): CsvRecord[];
  /** The last record, which may lack its line end. @throws UploadStop */
  end(): CsvRecord[];
}

export interface CsvOptions {
  readonly delimiter: string;
  /** Longest record, in characters: beyond it a quote was not closed, or it is no CSV. */
  readonly mostChars: number;
  /** The line on which the text begins, 1 when absent. */
  readonly line?: number;
}

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

export function csvReader({ delimiter, mostChars, line: firstLine = 1 }: CsvOptions): CsvReader {
  const separator = delimiter.charCodeAt(0);
  let held = "";
  let line = firstLine;
  let afterCr = false;

  const readAll = (piece: string, final: boolean): CsvRecord[] => {
    const text = held + piece;
    // The second half of a line end: nothing is held then.
    let at = afterCr && text.charCodeAt(0) === LF ? 1 : 0;
    if (text !== "") afterCr = false;
    const records: CsvRecord[] = [];
    while (at < text.length) {
      const read = readRecord({ text, separator, final }, at);
      if (read === undefined || read.end - at > mostChars) {
        if (read !== undefined || text.length - at > mostChars) throw tooLong(line, mostChars);
        break;
      }
      const { cells, end, next, wrong, breaks } = read;
      if (cells.length > 1 || cells[0] !== "" || end > at)
        records.push({ line, cells, chars: end - at, ...(wrong === undefined ? {} : { wrong }) });
      line += breaks;
      afterCr = next === text.length && next > end && text.charCodeAt(next - 1) === CR;
      at = next;
    }
    held = text.slice(at);
    return records;
  };

  return {
    push: (text) => readAll(text, false),
    end() {
      const records = readAll("", true);
      if (held === "") return records;
      throw undecodable(
        `The row that begins in line ${line} has a quote that is never closed`,
        line,
      );
    },
  };
}

/** The first record of a text, blank lines aside; undefined when its end has not come. @throws UploadStop */
export function firstRecord(
  text: string,
  { delimiter, mostChars, final }: CsvOptions & { readonly final: boolean },
): readonly string[] | undefined {
  const around = { text, separator: delimiter.charCodeAt(0), final };
  const begin = /[^\r\n]/.exec(text)?.index ?? text.length;
  const read = begin < text.length ? readRecord(around, begin) : undefined;
  if ((read?.end ?? text.length) - begin > mostChars)
    throw tooLong(1 + lineBreaks(text.slice(0, begin)), mostChars);
  return read?.cells;
}

interface Around {
  readonly text: string;
  readonly separator: number;
  /** Nothing comes after `text`. */
  readonly final: boolean;
}

interface ReadRecord {
  readonly cells: string[];
  /** Where its line end begins. */
  readonly end: number;
  /** Where the next record begins. */
  readonly next: number;
  /** Lines that it takes. */
  readonly breaks: number;
  readonly wrong?: string;
}

/** The record that begins at `at`; undefined when the rest of it has not come. */
function readRecord(around: Around, at: number): ReadRecord | undefined {
  const { text, separator, final } = around;
  const cells: string[] = [];
  let inside = 0;
  let place = at;
  for (;;) {
    let wrong: string | undefined;
    if (text.charCodeAt(place) === QUOTE) {
      const quoted = readQuoted(around, place);
      if (quoted === undefined) return undefined;
      cells.push(quoted.value);
      inside += lineBreaks(quoted.value);
      place = quoted.end;
      if (!endsCell(text, place, separator))
        wrong = `there is text after the closing quote of value ${cells.length}`;
    } else {
      const end = endOfPlain(text, place, separator);
      cells.push(text.slice(place, end));
      place = end;
      if (text.charCodeAt(place) === QUOTE)
        wrong = `value ${cells.length} has a quote, but does not begin with one: put all of it in quotes, and double those inside`;
    }
    if (wrong !== undefined) place = endOfLine(text, place);
    else if (text.charCodeAt(place) === separator) {
      place += 1;
      continue;
    }
    if (place === text.length && !final) return undefined;
    const next = afterBreak(text, place);
    return {
      cells,
      end: place,
      next,
      breaks: inside + 1,
      ...(wrong === undefined ? {} : { wrong }),
    };
  }
}

/** A quoted value whose opening quote is at `at`; undefined when its end has not come, or may be the first half of a doubled quote. */
function readQuoted(
  { text, final }: Around,
  at: number,
): { readonly value: string; readonly end: number } | undefined {
  let doubled = false;
  let close = text.indexOf('"', at + 1);
  while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) {
    doubled = true;
    close = text.indexOf('"', close + 2);
  }
  if (close === -1 || (close + 1 === text.length && !final)) return undefined;
  const value = text.slice(at + 1, close);
  return { value: doubled ? value.replaceAll('""', '"') : value, end: close + 1 };
}

/** Also the end of the text ends a cell. */
function endsCell(text: string, at: number, separator: number): boolean {
  if (at === text.length) return true;
  const mark = text.charCodeAt(at);
  return mark === separator || mark === LF || mark === CR;
}

function endOfPlain(text: string, from: number, separator: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const mark = text.charCodeAt(at);
    if (mark === separator || mark === LF || mark === CR || mark === QUOTE) return at;
  }
  return at;
}

function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== LF && text.charCodeAt(at) !== CR) at += 1;
  return at;
}

/** The place after a line end. When CR is the last of the text, the LF that may follow belongs to it. */
function afterBreak(text: string, at: number): number {
  if (at === text.length) return at;
  return at + (text.charCodeAt(at) === CR && text.charCodeAt(at + 1) === LF ? 2 : 1);
}

function lineBreaks(value: string): number {
  let breaks = 0;
  for (let at = 0; at < value.length; at += 1) {
    const mark = value.charCodeAt(at);
    if (mark === LF || (mark === CR && value.charCodeAt(at + 1) !== LF)) breaks += 1;
  }
  return breaks;
}

function tooLong(line: number, mostChars: number) {
  return undecodable(
    `The row in line ${line} is longer than ${mostChars} characters: is a quote not closed?`,
    line,
  );
}
