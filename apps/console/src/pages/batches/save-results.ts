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
  const url = URL.createObjectURL(await response.blob());
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
