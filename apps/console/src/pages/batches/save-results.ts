import { pombo } from "../../api/client.ts";

/** What became of all accepted rows. */
export function saveResults(id: string): Promise<void> {
  return saveTable("getBatchResults", id, "results.csv", `${id}.csv`);
}

/** Why rows were left out. */
export function saveErrors(id: string): Promise<void> {
  return saveTable("getBatchErrors", id, "errors.csv", `${id}.errors.csv`);
}

/**
 * Browsers tell where a request comes from only where they trust the address: there the file is streamed to disk by a link. Elsewhere
 * (plain HTTP, not this machine) it is read first.
 */
async function saveTable(
  route: "getBatchErrors" | "getBatchResults",
  id: string,
  path: string,
  name: string,
): Promise<void> {
  if (window.isSecureContext) return save(`/v1/batches/${id}/${path}`, name);
  const response = await pombo.raw(route, { id }, { accept: "text/csv", timeoutMs: 600_000 });
  saveBlob(await response.blob(), name);
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
