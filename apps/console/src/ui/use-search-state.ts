import { useNavigate, useSearch } from "@tanstack/react-router";
import type { SearchTexts } from "../shell/search-params.ts";

interface Change {
  /** Adds a step to the browser's history. Else the address is replaced, as typing does. */
  readonly push?: boolean;
}

/** The state of a page that its address holds: read by name, changed by name; `undefined` and an empty text leave it. */
export function useSearchState(): readonly [
  SearchTexts,
  (changes: SearchTexts, how?: Change) => void,
] {
  const search: SearchTexts = useSearch({ strict: false });
  const navigate = useNavigate();
  const change = (changes: SearchTexts, { push = false }: Change = {}): void => {
    void navigate({
      to: ".",
      search: (before: SearchTexts) => ({ ...before, ...changes }),
      hash: true,
      replace: !push,
      resetScroll: false,
    });
  };
  return [search, change];
}
