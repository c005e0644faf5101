import type { IncomingMessage } from "node:http";
import { type BatchQueryInput, batchSettings, type Problem, validate } from "@pombo/contract";
import type { Settings } from "@pombo/domain";
import {
  type GivenTemplate,
  openRules,
  openUpload,
  type RowRules,
  type Stop,
  type Upload,
} from "@pombo/intake";
import { chunksOf } from "./chunks-of.ts";
import { fingerprintOf } from "./idempotency.ts";

/** What the query and the upload itself say of a batch, together. */
type WantedBatch = Omit<BatchQueryInput, "from" | "template"> & {
  readonly from: string;
  readonly template?: GivenTemplate | undefined;
};

/** An upload that may be read: its settings and its header are right. */
export interface OpenedBatchUpload extends AsyncDisposable {
  readonly kind: "opened";
  readonly wanted: WantedBatch;
  /** The columns that the template names, in the order of a row's values. */
  readonly columns: readonly string[];
  readonly rules: RowRules;
  readonly upload: Upload;
  /** Of all that is not rows. */
  readonly fingerprint: string;
}

export interface UploadRequest {
  readonly request: IncomingMessage;
  readonly query: BatchQueryInput;
  /** Ends the reading. */
  readonly stop: AbortSignal;
}

/** Opens the upload of a batch and judges everything that stands before its rows. */
export async function openBatchUpload(
  { request, query, stop }: UploadRequest,
  settings: Settings,
): Promise<OpenedBatchUpload | Stop> {
  const { headers } = request;
  const claimed = headers["content-length"];
  const opened = await openUpload(
    {
      source: chunksOf(request, stop),
      contentType: headers["content-type"],
      contentEncoding: headers["content-encoding"],
      claimedBytes: claimed === undefined ? undefined : Number(claimed),
    },
    settings,
  );
  if (opened.kind !== "upload") return opened;
  const { upload } = opened;
  const judged = judge(upload, query, settings);
  if (judged.kind === "opened") return judged;
  await upload[Symbol.asyncDispose]();
  return judged;
}

function judge(
  upload: Upload,
  query: BatchQueryInput,
  settings: Settings,
): OpenedBatchUpload | Stop {
  const merged = together(query, upload.settings ?? {});
  if (merged.kind === "refused") return merged;
  const { wanted } = merged;
  const { header } = upload;
  const extraColumns = wanted.extra_columns === "ignore";
  const ruled = openRules({ template: wanted.template, header, extraColumns }, settings);
  if (ruled.kind === "refused") return ruled;
  return {
    kind: "opened",
    wanted,
    columns: ruled.columns,
    rules: ruled.rules,
    upload,
    fingerprint: fingerprintOf({ ...wanted, columns: header?.columns }),
    [Symbol.asyncDispose]: () => upload[Symbol.asyncDispose](),
  };
}

type Together =
  | { readonly kind: "wanted"; readonly wanted: WantedBatch }
  | { readonly kind: "refused"; readonly problem: Problem };

function together(query: BatchQueryInput, inside: Readonly<Record<string, unknown>>): Together {
  const validated = validate(batchSettings, inside);
  if (validated.kind === "invalid")
    return refused({ code: validated.code, validation: validated.validation });
  const asked = queryTemplate(query);
  if (asked.kind === "refused") return asked;
  const given = new Map<string, unknown>(Object.entries(asked.query));
  const twice = Object.keys(validated.value).filter((name) => given.has(name));
  if (twice.length > 0)
    return refused({
      code: "VALIDATION_ERROR",
      validation: twice.map((field) => ({
        field,
        message: `${field} is given twice: in the query and in the upload`,
        value: null,
      })),
    });
  const { from, ...rest } = { ...asked.query, ...validated.value };
  if (from === undefined) return refused({ code: "VALIDATION_ERROR", validation: [NO_FROM] });
  return { kind: "wanted", wanted: { ...rest, from } };
}

const NO_FROM = {
  field: "from",
  message: "from is required and must be the id of a device or of a pool",
  value: null,
};

/** In a query a template may be JSON. No text begins like that: a column's name is in no quotes. */
function queryTemplate(query: BatchQueryInput) {
  const { template } = query;
  if (template === undefined || !/^\s*\{\s*"/.test(template))
    return { kind: "query", query } as const;
  try {
    const object = JSON.parse(template) as Readonly<Record<string, unknown>>;
    return { kind: "query", query: { ...query, template: object } } as const;
  } catch {
    const message = "template begins like a JSON object, but is none";
    return refused({
      code: "VALIDATION_ERROR",
      validation: [{ field: "template", message, value: template.slice(0, 40).toWellFormed() }],
    });
  }
}

function refused(problem: Problem): { readonly kind: "refused"; readonly problem: Problem } {
  return { kind: "refused", problem };
}
