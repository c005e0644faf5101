import { randomBytes } from "node:crypto";
import {
  type BatchRowInput,
  type CodedEntry,
  fileContent,
  type FileInput,
  plainContent,
} from "@pombo/contract";
import { FILE_OF_ROW, isMediaId, MEDIA_KINDS, type MessageContent } from "@pombo/domain";

export type RowContent =
  | { readonly kind: "content"; readonly content: MessageContent }
  | { readonly kind: "refused"; readonly entries: readonly CodedEntry[] };

/**
 * What a row says, as the ledger keeps it. It can't mean a message of its chat, nor hold the bytes of a file. Whether there is a file that
 * it names by its id is for the caller to see.
 */
export function contentOfRow(row: BatchRowInput): RowContent {
  for (const key of ["reaction", "quoted"] as const)
    if (row[key] !== undefined) return refused(key, `${key} can't be given in a batch`);
  const extras = {
    ...(row.mentions === undefined ? {} : { mentions: row.mentions }),
    ...(row.typing_ms === undefined || row.typing_ms === 0 ? {} : { typingMs: row.typing_ms }),
  };
  const kind = MEDIA_KINDS.find((name) => row[name] !== undefined);
  const file = kind && row[kind];
  if (kind === undefined || file === undefined)
    return { kind: "content", content: { ...plainContent(row, pollSecret), ...extras } };
  const content = contentOfFile({ kind, file });
  return content.kind === "refused"
    ? content
    : { kind: "content", content: { ...content.content, ...extras } };
}

function contentOfFile(given: FileInput): RowContent {
  const { kind, file } = given;
  const { url, base64, media_id: id = "" } = file;
  if (base64 !== undefined)
    return refused(
      `${kind}.base64`,
      `${kind}.base64 can't be given in a row of a batch: give a url, or upload the file and give its media_id`,
    );
  if (url !== undefined)
    return { kind: "content", content: fileContent(given, { id: FILE_OF_ROW, url }) };
  return isMediaId(id)
    ? { kind: "content", content: fileContent(given, { id }) }
    : {
        kind: "refused",
        entries: [
          {
            code: "MEDIA_UNACCEPTABLE",
            field: `${kind}.media_id`,
            message: `The ${kind} can't be used: there is no such media_id`,
            value: id,
          },
        ],
      };
}

function refused(field: string, message: string): RowContent {
  return {
    kind: "refused",
    entries: [{ code: "VALIDATION_ERROR", field, message, value: null }],
  };
}

function pollSecret(): string {
  return randomBytes(32).toString("base64");
}
