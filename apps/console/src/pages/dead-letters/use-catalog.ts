import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { pombo } from "../../api/client.ts";
import type { CatalogEntry } from "./judge-cause.ts";

export type Catalog = ReadonlyMap<string, CatalogEntry>;

/** The error catalog by code; it does not change while Pombo runs. */
export function useCatalog(): Catalog {
  const catalog = useQuery({
    queryKey: ["errors"],
    queryFn: ({ signal }) => pombo.listErrors({}, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return useMemo(
    () => new Map(catalog.data?.errors.map((entry) => [entry.code, entry] as const)),
    [catalog.data],
  );
}
