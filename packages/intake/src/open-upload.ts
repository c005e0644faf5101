import type { Settings } from "@pombo/domain";
import type { CsvHeader } from "./csv-header.ts";
import { openCsv } from "./csv-rows.ts";
import { openJson } from "./json-rows.ts";
import { openNdjson } from "./ndjson-rows.ts";
import type { RawRow } from "./raw-row.ts";
import { type ByteSource, readBytes } from "./read-bytes.ts";
import { readText } from "./read-text.ts";
import { refusal, type Stop, stopOf } from "./upload-stop.ts";

export type UploadFormat = "csv" | "ndjson" | "json";

/** An upload, read as far as its rows begin. They are pulled by `readRows`, once. */
export interface Upload extends AsyncDisposable {
  readonly format: UploadFormat;
  /** What it says of the batch itself: the first line of NDJSON as `{"batch":{…}}`, or what stands beside `rows`. Not validated. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Of CSV. */
  readonly header?: CsvHeader;
  /** In pieces as they come; with an error of its own where the upload can't be read on. */
  readonly rows: AsyncGenerator<readonly RawRow[]>;
}

export interface UploadSource extends ByteSource {
  readonly contentType?: string | undefined;
}

export type UploadLimits = Pick<
  Settings,
  | "batch_body_limit_bytes"
  | "batch_gzip_ratio"
  | "batch_json_limit_bytes"
  | "batch_json_rows"
  | "batch_row_limit_chars"
>;

export type OpenedUpload = { readonly kind: "upload"; readonly upload: Upload } | Stop;

/** What is so many times longer than a row may be is no row. */
const RECORD_ROWS = 16;

const FORMATS: Readonly<Record<string, UploadFormat>> = {
  "text/csv": "csv",
  "application/csv": "csv",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "application/json": "json",
};

/**
 * Opens an upload of many rows: type and encoding (415), size (413), then its beginning: the header of CSV, the settings of NDJSON, all of JSON.
 * Nothing is read ahead of what is pulled but for a few pieces of 64 KiB, and the source is left as it is.
 */
export async function openUpload(
  source: UploadSource,
  limits: UploadLimits,
): Promise<OpenedUpload> {
  try {
    return { kind: "upload", upload: await open(source, limits) };
  } catch (error) {
    return stopOf(error);
  }
}

async function open(source: UploadSource, limits: UploadLimits): Promise<Upload> {
  const format = formatOf(source.contentType);
  const bytes = readBytes(source, {
    bytes: format === "json" ? limits.batch_json_limit_bytes : limits.batch_body_limit_bytes,
    gzipRatio: limits.batch_gzip_ratio,
  });
  const texts = readText(bytes);
  const close = async (): Promise<void> => {
    await texts.return(undefined);
  };
  try {
    const opened = await openRows(format, texts, limits);
    return { format, ...opened, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openRows(format: UploadFormat, texts: AsyncGenerator<string>, limits: UploadLimits) {
  const { batch_row_limit_chars: rowChars, batch_json_rows: mostRows } = limits;
  const rowLimits = { rowChars, recordChars: rowChars * RECORD_ROWS };
  switch (format) {
    case "csv":
      return openCsv(texts, rowLimits);
    case "ndjson":
      return openNdjson(texts, rowLimits);
    case "json":
      return openJson(texts, { ...rowLimits, mostRows });
  }
}

const CHARSET = /;\s*charset\s*=\s*"?([\w-]+)"?/i;

function formatOf(contentType = ""): UploadFormat {
  const [type = ""] = contentType.split(";");
  const format = FORMATS[type.trim().toLowerCase()];
  const charset = CHARSET.exec(contentType)?.[1] ?? "utf-8";
  if (format !== undefined && /^(?:utf-?8|us-ascii)$/i.test(charset)) return format;
  const detail =
    "The content type of an upload must be text/csv, application/x-ndjson or application/json, in UTF-8";
  throw refusal({ code: "UNSUPPORTED_MEDIA_TYPE", detail });
}
