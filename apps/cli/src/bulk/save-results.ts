import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Pombo } from "@pombo/sdk";

/** What became of each accepted row, as Pombo tells it; all of the file or none. */
export async function saveResults(pombo: Pombo, id: string, file: string): Promise<void> {
  const answer = await pombo.raw("getBatchResults", { id }, { accept: "text/csv" });
  await saveAll(file, answer.body ?? []);
}

/** Why rows were not accepted. */
export async function saveErrors(pombo: Pombo, id: string, file: string): Promise<void> {
  const answer = await pombo.raw("getBatchErrors", { id }, { accept: "text/csv" });
  await saveAll(file, answer.body ?? []);
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
