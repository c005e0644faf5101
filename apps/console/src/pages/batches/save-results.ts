import type { Output } from "@pombo/sdk";
import { pombo } from "../../api/client.ts";

/**
 * Saves what became of all accepted rows. Browsers tell where a request comes from only where they trust the address: there the file is
 * streamed to disk by a link. Elsewhere (plain HTTP, not this machine) it is read first.
 */
export async function saveResults(id: string): Promise<void> {
  const name = `${id}.csv`;
  if (window.isSecureContext) return save(`/v1/batches/${id}/results.csv`, name);
  const response = await pombo.raw(
    "getBatchResults",
    { id },
    { accept: "text/csv", timeoutMs: 600_000 },
  );
  saveBlob(await response.blob(), name);
}

type RowError = Output<"listBatchErrors">["errors"][number];

const PAGE = 1_000;
const HEADS = [
  "line",
  "row",
  "kind",
  "field",
  "value",
  "error_code",
  "message",
  "message_id",
] as const;

/** Saves why rows were left out: the columns that `pombo bulk` writes. */
export async function saveErrors(id: string): Promise<void> {
  const lines = [`${HEADS.join(",")}\n`];
  let cursor: string | undefined;
  do {
    const place = cursor === undefined ? {} : { cursor };
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const page = await pombo.listBatchErrors({ id, limit: PAGE, ...place });
    lines.push(...page.errors.map(lineOf));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  saveBlob(new Blob(lines, { type: "text/csv" }), `${id}.errors.csv`);
}

function lineOf(error: RowError): string {
  return `${HEADS.map((head) => cellOf(error[head])).join(",")}\n`;
}

/** A spreadsheet must not take what a row held for a formula. */
function cellOf(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? "").replace(/^""$/, "");
  const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function save(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
