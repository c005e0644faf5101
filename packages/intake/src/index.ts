/**
 * Uploads of many rows, read as they come: constant memory, and nothing is read that nobody pulls.
 *
 *   upload    the bytes of a request: CSV, NDJSON or one JSON body, plain or gzip
 *   row       one recipient and what is said to it; rows count from 1 over all rows, good or bad
 *   line      where a row begins in the upload, from 1, as an editor shows it
 *   chunk     500 rows; its hash covers all rows before it as well
 *   broken    the upload broke off: the same one may come again, and what was stored of it stays
 *   refused   the upload can't be taken as it is
 *
 * ```
 *  bytes ─► read-bytes (gzip, limits) ─► read-text (UTF-8) ─► csv | ndjson | json ─► raw rows ─► chunks with hashes ─► read(): rules ─► packed rows, errors
 *                                                              └► settings, header ─► the caller ─► openRules, seed ─┘
 * ```
 */
export {
  type OpenedUpload,
  openUpload,
  type Upload,
  type UploadFormat,
  type UploadLimits,
  type UploadSource,
} from "./open-upload.ts";
export type { CsvHeader } from "./csv-header.ts";
export { type OpenedRules, openRules, type RowRules, type RowsWanted } from "./row-rules.ts";
export type { GivenTemplate } from "./row-template.ts";
export {
  type Chunk,
  type ReadChunk,
  readRows,
  type RowsEvent,
  type RowsReading,
} from "./read-rows.ts";
export type { ChainHash } from "./chain.ts";
export type { Stop } from "./upload-stop.ts";

// Tables that are no uploads of batches
export { readTable, type TableEvent, type TableLimits } from "./read-table.ts";
export type { CsvRecord } from "./csv-reader.ts";
