import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/**
 * A durable map from text keys to JSON values, made of one append-only file. Each line is one batch,
 * `crc32 (8 hex) SP json LF` with `json = [[key, value] | [key], …]` (a lone key removes it). A line is written by one
 * write before its effects are told to anybody, so killing the process at any byte loses at most a line nobody
 * knew of. At start the live entries are rewritten to a new file that replaces the old one by rename.
 */
export interface Journal extends Disposable {
  /** Entries found at start (or put since), keys without the prefix. */
  entries<T>(prefix: string): [string, T][];
  /** One atomic batch. A value is kept by reference and must stay JSON. */
  write(batch: readonly JournalEdit[]): void;
  /** Whether values outlive the process; callers may skip costly encoding when not. */
  readonly durable: boolean;
  /** Lines that did not check and were skipped at start (a torn tail is one). */
  readonly damaged: number;
}

export type JournalEdit = readonly [key: string, value: unknown] | readonly [key: string];

const fileName = "simulator.journal";
const compactAtBytes = 64 * 1024 * 1024;

export const memoryJournal: Journal = {
  entries: () => [],
  write: () => {},
  durable: false,
  damaged: 0,
  [Symbol.dispose]: () => {},
};

export function openJournal(dataDir: string): Journal {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, fileName);
  const { live, damaged } = existsSync(path)
    ? readJournal(readFileSync(path))
    : { live: new Map<string, unknown>(), damaged: 0 };
  let { file, bytes } = rewrite(path, live);
  let compactedBytes = bytes;
  let closed = false;

  return {
    durable: true,
    damaged,
    entries<T>(prefix: string) {
      const found: [string, T][] = [];
      for (const [key, value] of live)
        if (key.startsWith(prefix)) found.push([key.slice(prefix.length), value as T]);
      return found;
    },
    write(batch) {
      if (closed || batch.length === 0) return;
      apply(live, batch);
      bytes += writeWhole(file, encodeLine(batch));
      if (bytes < compactAtBytes || bytes < 4 * compactedBytes) return;
      closeSync(file);
      ({ file, bytes } = rewrite(path, live));
      compactedBytes = bytes;
    },
    [Symbol.dispose]() {
      if (closed) return;
      closed = true;
      fsyncSync(file);
      closeSync(file);
    },
  };
}

export function encodeLine(batch: readonly JournalEdit[]): Buffer {
  const json = JSON.stringify(batch);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

/** Every line that checks, in order; what does not check is counted and left out. */
export function readJournal(content: Buffer): { live: Map<string, unknown>; damaged: number } {
  const live = new Map<string, unknown>();
  let damaged = 0;
  for (let start = 0; start < content.length;) {
    const end = content.indexOf(10, start);
    const line = content.subarray(start, end === -1 ? content.length : end).toString("utf8");
    const batch = end === -1 ? undefined : decodeLine(line);
    if (batch === undefined) damaged += 1;
    else apply(live, batch);
    start = end === -1 ? content.length : end + 1;
  }
  return { live, damaged };
}

function decodeLine(line: string): JournalEdit[] | undefined {
  const json = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== checksum(json)) return undefined;
  return JSON.parse(json) as JournalEdit[];
}

function apply(live: Map<string, unknown>, batch: readonly JournalEdit[]): void {
  for (const [key, ...value] of batch) {
    if (value.length === 0) live.delete(key);
    else live.set(key, value[0]);
  }
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");

function rewrite(path: string, live: Map<string, unknown>): { file: number; bytes: number } {
  const draft = `${path}.draft`;
  const file = openSync(draft, "w", 0o600);
  let bytes = 0;
  for (const entry of live) bytes += writeWhole(file, encodeLine([entry]));
  fsyncSync(file);
  renameSync(draft, path);
  return { file, bytes };
}

function writeWhole(file: number, line: Buffer): number {
  for (let written = 0; written < line.length;) written += writeSync(file, line, written);
  return line.length;
}
