import { open, rename } from "node:fs/promises";

/** Where everything is. The file appears whole or not at all, and last. */
export interface Ready {
  readonly simulator_url: string;
  readonly simulator_tls_url: string | null;
  readonly control_url: string;
  readonly control_tls_url: string | null;
  /** Where media go; always HTTPS, so clients must trust `ca`. */
  readonly media_url: string;
  /** Base64 of the root key clients are to trust. */
  readonly root_key: string;
  /** PEM. */
  readonly ca: string;
  readonly pid: number;
}

export async function writeReadyFile(path: string, ready: Ready): Promise<void> {
  const draft = `${path}.${ready.pid}.draft`;
  {
    await using file = await open(draft, "w");
    await file.writeFile(`${JSON.stringify(ready, null, 2)}\n`);
    await file.sync();
  }
  await rename(draft, path);
}
