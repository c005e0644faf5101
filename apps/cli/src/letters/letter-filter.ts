import type { Input, Output, Pombo } from "@pombo/sdk";
import { misused } from "../command/command.ts";

/** Which dead letters are meant. */
export const FILTER = {
  code: { type: "string" },
  device: { type: "string" },
  batch: { type: "string" },
  since: { type: "string" },
} as const;

export const FILTER_HELP = `  --code CODE               whose last error is this one
  --device DEVICE           of this device
  --batch BATCH             rows of this batch
  --since TIME              that failed at that time or later, like 2030-01-31T12:00:00Z`;

export interface FilterValues {
  readonly code?: string | undefined;
  readonly device?: string | undefined;
  readonly batch?: string | undefined;
  readonly since?: string | undefined;
}

export type LetterFilter = NonNullable<Input<"redriveLetters">["filter"]>;
export type Letter = Output<"listLetters">["dead_letters"][number];

export function filterOf({ code, device, batch, since }: FilterValues): LetterFilter {
  return {
    // Pombo knows best which codes there are, and names the rule when there is no such one.
    ...(code === undefined ? {} : { code: code.toUpperCase() }),
    ...(device === undefined ? {} : { device_id: device }),
    ...(batch === undefined ? {} : { batch_id: batch }),
    ...(since === undefined ? {} : { since }),
  };
}

/** A filter, or the word that none is meant. @throws Stopped */
export function demandFilter(
  name: string,
  values: FilterValues & { readonly all: boolean },
): LetterFilter {
  const filter = filterOf(values);
  const isEmpty = Object.keys(filter).length === 0;
  if (isEmpty && !values.all)
    throw misused(name, "say the ids of letters, a filter, or --all for every dead letter");
  if (!isEmpty && values.all) throw misused(name, "--all and a filter exclude each other");
  return filter;
}

const PAGE = 200;

/** The letters of a filter, page by page, newest first; at most `most`. */
export async function* listLetters(
  pombo: Pombo,
  filter: LetterFilter,
  { most, signal }: { readonly most: number; readonly signal: AbortSignal },
): AsyncGenerator<Letter, void, undefined> {
  let cursor: string | undefined;
  let left = most;
  do {
    const limit = Math.min(PAGE, left);
    const ask = { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) };
    // oxlint-disable-next-line no-await-in-loop -- each page names the next one
    const page = await pombo.listLetters(ask, { signal });
    yield* page.dead_letters;
    left -= page.dead_letters.length;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && left > 0);
}
