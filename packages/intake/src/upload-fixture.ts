import { DEFAULT_SETTINGS } from "@pombo/domain";
import { openRules, type RowsWanted } from "./row-rules.ts";
import { openUpload, type UploadLimits, type UploadSource } from "./open-upload.ts";
import { readRows } from "./read-rows.ts";

/** Text as one piece of bytes. */
export async function* bytesOf(...texts: readonly (string | Uint8Array)[]) {
  for (const text of texts) yield typeof text === "string" ? Buffer.from(text) : text;
}

/** Bytes in pieces that end at these places, which may be anywhere. */
export async function* pieces(bytes: Uint8Array, cuts: readonly number[]) {
  let from = 0;
  const ends = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(from, end);
    from = Math.max(from, end);
  }
}

export interface ReadWhole {
  readonly source: UploadSource;
  readonly limits?: Partial<UploadLimits>;
  readonly wanted?: RowsWanted;
  readonly seed?: string;
}

/** Reads an upload to its end: everything that it said. */
export async function readWhole({ source, limits, wanted, seed = "seed" }: ReadWhole) {
  const opened = await openUpload(source, { ...DEFAULT_SETTINGS, ...limits });
  if (opened.kind !== "upload") return { stop: opened, chunks: [], rows: [], errors: [] };
  await using upload = opened.upload;
  const opens = openRules({ ...wanted, header: upload.header }, DEFAULT_SETTINGS);
  if (opens.kind === "refused") return { stop: opens, chunks: [], rows: [], errors: [] };
  const chunks = [];
  const rows = [];
  const errors = [];
  for await (const event of readRows(upload, { rules: opens.rules, seed })) {
    if (event.kind !== "chunk")
      return { stop: event, chunks, rows, errors, settings: upload.settings };
    const read = await event.read();
    chunks.push(event);
    rows.push(...read.rows);
    errors.push(...read.errors);
  }
  throw new Error("no last event");
}
