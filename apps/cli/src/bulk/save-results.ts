import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Output, Pombo } from "@pombo/sdk";

/** What became of each accepted row, as Pombo tells it; all of the file or none. */
export async function saveResults(pombo: Pombo, id: string, file: string): Promise<void> {
  const answer = await pombo.raw("getBatchResults", { id }, { accept: "text/csv" });
  await saveAll(file, answer.body ?? []);
}

const PAGE = 1_000;

type RowError = Output<"listBatchErrors">["errors"][number];

/** Why rows were not accepted; returns how many entries there are. */
export async function saveErrors(pombo: Pombo, id: string, file: string): Promise<number> {
  let entries = 0;
  const lines = async function* (): AsyncGenerator<string> {
    yield `${HEADS.join(",")}\n`;
    for await (const error of listErrors(pombo, id)) {
      entries += 1;
      yield `${HEADS.map((head) => cell(error[head])).join(",")}\n`;
    }
  };
  await saveAll(file, lines());
  return entries;
}

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

async function* listErrors(pombo: Pombo, id: string): AsyncGenerator<RowError> {
  let cursor: string | undefined;
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next one
    const page = await pombo.listBatchErrors({
      id,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.errors;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** A spreadsheet must not take what a row held for a formula. */
export function cell(value: unknown): string {
  const text =
    value === null || value === undefined
      ? ""
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

async function saveAll(
  file: string,
  source: AsyncIterable<string | Uint8Array> | Iterable<string>,
): Promise<void> {
  const half = `${file}.part`;
  try {
    await pipeline(source, createWriteStream(half, { mode: 0o600 }));
    await rename(half, file);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}
