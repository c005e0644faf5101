import type { Input } from "@pombo/sdk";

/** Which dead letters are looked at: as the address has it. */
export interface LetterScope {
  readonly code?: string;
  readonly effect?: "none" | "possible";
  readonly device_id?: string;
  readonly batch_id?: string;
  readonly since?: string;
}

export type LetterFilter = NonNullable<Input<"redriveLetters">["filter"]>;

type Texts = { readonly [name in string]?: string | undefined };

/** What in the address names letters; what is no filter is left out. */
export function readScope(search: Texts): LetterScope {
  const { code, effect, device, batch, since } = search;
  return {
    ...(code === undefined ? {} : { code }),
    ...(effect === "none" || effect === "possible" ? { effect } : {}),
    ...(device === undefined ? {} : { device_id: device }),
    ...(batch === undefined ? {} : { batch_id: batch }),
    ...(since === undefined || Number.isNaN(Date.parse(since)) ? {} : { since }),
  };
}

/** The body's way to say which letters it is about: those that were chosen one by one, or all of the scope; nothing at all must be said out loud. */
export function bulkOf(
  scope: LetterScope,
  until: string | null,
  ids: readonly string[] = [],
): Pick<Input<"redriveLetters">, "filter" | "all" | "until"> {
  const filter = { ...scope, ...(ids.length === 0 ? {} : { ids: [...ids] }) } as LetterFilter;
  const about = Object.keys(filter).length === 0 ? { all: true as const } : { filter };
  return { ...about, ...(until === null ? {} : { until }) };
}

/** The scope in words: "MEDIA_UNACCEPTABLE of dev_1". */
export function scopeWords({ code, effect, device_id, batch_id, since }: LetterScope): string {
  const parts = [
    code ?? "All causes",
    ...(effect === "possible" ? ["that may have arrived"] : []),
    ...(effect === "none" ? ["that did not leave"] : []),
    ...(device_id === undefined ? [] : [`of ${device_id}`]),
    ...(batch_id === undefined ? [] : [`of ${batch_id}`]),
    ...(since === undefined ? [] : [`since ${since}`]),
  ];
  return parts.join(" ");
}
