import { isUtf8 } from "node:buffer";
import { setImmediate as otherWork } from "node:timers/promises";
import { refusal, undecodable } from "./upload-stop.ts";

/** Parsing so many bytes takes a few milliseconds at most; then others have their turn. */
const MOST = 65_536;
/** Less is gathered first, so that a sender of single bytes costs no more than others. */
const LEAST = 16_384;
const LF = 0x0a;

/**
 * Bytes as text, in pieces that are parsed without holding up other work. A byte order mark is dropped; what is not UTF-8, and NUL, which no
 * text has, end the upload by naming the line.
 * @throws UploadStop
 */
export async function* readText(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decode = utf8Decoder();
  for await (const piece of gathered(bytes)) {
    const text = decode(piece);
    if (text !== "") yield text;
    await otherWork();
  }
  decode(undefined);
}

/** Pieces of `LEAST` to `MOST` bytes; only the last may be shorter. */
async function* gathered(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const piece of bytes) {
    held.push(piece);
    size += piece.length;
    if (size < LEAST) continue;
    const whole = held.length === 1 ? piece : Buffer.concat(held, size);
    for (let at = 0; at < size; at += MOST) yield whole.subarray(at, at + MOST);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held, size);
}

/** Takes pieces, and undefined at the end; a character may be cut by the border of two. */
function utf8Decoder(): (piece: Buffer | undefined) => string {
  let cut = Buffer.alloc(0);
  let first = true;
  let line = 1;
  return (piece) => {
    if (piece === undefined) {
      if (cut.length > 0) throw notUtf8(line);
      return "";
    }
    const bytes = cut.length === 0 ? piece : Buffer.concat([cut, piece]);
    if (first) refuseOtherKinds(bytes);
    const whole = bytes.subarray(0, bytes.length - cutAtEnd(bytes));
    cut = Buffer.from(bytes.subarray(whole.length));
    if (!isUtf8(whole)) throw notUtf8(line + linesIn(whole, firstWrong(whole)));
    const nul = whole.indexOf(0);
    if (nul !== -1) throw binary(line + linesIn(whole, nul));
    line += linesIn(whole, whole.length);
    const text = whole.toString("utf8");
    const marked = first && text.startsWith("\uFEFF");
    first = first && whole.length === 0;
    return marked ? text.slice(1) : text;
  };
}

/** What files of other kinds begin with. */
const OTHERS: readonly (readonly [bytes: readonly number[], says: string])[] = [
  [[0xff, 0xfe], "is UTF-16: save it as UTF-8"],
  [[0xfe, 0xff], "is UTF-16: save it as UTF-8"],
  [[0x1f, 0x8b], "is compressed, but has no Content-Encoding: gzip"],
  [[0x50, 0x4b, 0x03, 0x04], "is a workbook or another zip file: export it as CSV"],
];

function refuseOtherKinds(bytes: Buffer): void {
  const other = OTHERS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte));
  const says = other?.[1] ?? (isBareUtf16(bytes) ? "looks like UTF-16: save it as UTF-8" : "");
  if (says !== "") throw undecodable(`The upload ${says} (line 1)`, 1);
}

/** Two letters of which every second byte is 0. */
function isBareUtf16(bytes: Buffer): boolean {
  const [a, b, c, d] = bytes;
  const zero = [a, b, c, d].map((byte) => byte === 0).join();
  return zero === "false,true,false,true" || zero === "true,false,true,false";
}

/** How many bytes at the end may begin a character that goes on in the next piece. */
function cutAtEnd(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < lengthOf(byte) ? back : 0;
  }
  return 0;
}

function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/** The place of the first byte that is not UTF-8. */
function firstWrong(bytes: Buffer): number {
  let right = 0;
  let wrong = bytes.length;
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    const part = bytes.subarray(0, middle);
    if (isUtf8(part.subarray(0, part.length - cutAtEnd(part)))) right = middle;
    else wrong = middle;
  }
  return right;
}

function linesIn(bytes: Buffer, end: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at !== -1 && at < end; at = bytes.indexOf(LF, at + 1))
    lines += 1;
  return lines;
}

function notUtf8(line: number) {
  return undecodable(`The upload is not valid UTF-8 (line ${line}): save it as UTF-8`, line);
}

function binary(line: number) {
  return refusal(
    { code: "INVALID_JSON", detail: `The upload has NUL bytes, so it is no text (line ${line})` },
    line,
  );
}
