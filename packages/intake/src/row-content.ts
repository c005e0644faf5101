import { randomBytes } from "node:crypto";
import { type BatchRowInput, type CodedEntry, fileContent, plainContent } from "@pombo/contract";
import { FILE_OF_ROW, MEDIA_KINDS, type MessageContent } from "@pombo/domain";

export type RowContent =
  | { readonly kind: "content"; readonly content: MessageContent }
  | { readonly kind: "refused"; readonly entries: readonly CodedEntry[] };

/**
 * What a row says, as the ledger keeps it. A row can't hold what would have to be looked up or stored for it: a message of the chat,
 * the bytes of a file, a file that was uploaded.
 */
export function contentOfRow(row: BatchRowInput): RowContent {
  for (const key of ["reaction", "quoted"] as const)
    if (row[key] !== undefined) return refused(key, `${key} can't be given in a batch`, null);
  const extras = {
    ...(row.mentions === undefined ? {} : { mentions: row.mentions }),
    ...(row.typing_ms === undefined || row.typing_ms === 0 ? {} : { typingMs: row.typing_ms }),
  };
  const kind = MEDIA_KINDS.find((name) => row[name] !== undefined);
  const file = kind && row[kind];
  if (kind === undefined || file === undefined)
    return { kind: "content", content: { ...plainContent(row, pollSecret), ...extras } };
  const { url } = file;
  if (url === undefined) {
    const field = `${kind}.${file.base64 === undefined ? "media_id" : "base64"}`;
    return refused(field, `${field} can't be given in a row of a batch: give a url`, file.media_id);
  }
  const media = { id: FILE_OF_ROW, url };
  return { kind: "content", content: { ...fileContent({ kind, file }, media), ...extras } };
}

function refused(field: string, message: string, value: unknown): RowContent {
  const entry = { code: "VALIDATION_ERROR", field, message, value: value ?? null } as const;
  return { kind: "refused", entries: [entry] };
}

function pollSecret(): string {
  return randomBytes(32).toString("base64");
}
