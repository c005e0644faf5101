import type { Device } from "@pombo/device";
import type { Ledger } from "@pombo/ledger";

export interface CheckDeps {
  readonly device: Pick<Device, "checkRecipient">;
  readonly ledger: Pick<Ledger, "rememberRecipient">;
  readonly now: () => number;
  /** Nobody waits any longer then; ms since the epoch. */
  readonly until: number;
}

/**
 * Asks WhatsApp about numbers, one after the other, and remembers the answers. What comes too late, or after WhatsApp refused to
 * answer, is not asked: it stays unknown.
 */
export async function checkContacts(
  numbers: readonly string[],
  { device, ledger, now, until }: CheckDeps,
): Promise<Readonly<Record<string, "yes" | "no">>> {
  const found: Record<string, "yes" | "no"> = {};
  for (const digits of numbers) {
    if (now() + SPARE_MS >= until) break;
    // oxlint-disable-next-line no-await-in-loop -- WhatsApp punishes looking up many numbers at once
    const check = await device.checkRecipient(digits);
    if (check.kind === "failed") break;
    const known = check.kind === "exists" ? lidOf(check.lid) : undefined;
    // oxlint-disable-next-line no-await-in-loop
    await ledger.rememberRecipient(digits, known);
    found[digits] = check.kind === "exists" ? "yes" : "no";
  }
  return found;
}

/** Left for the answer to arrive. */
const SPARE_MS = 1_000;

function lidOf(lid: string | undefined): { readonly lid?: string } {
  return lid === undefined ? {} : { lid };
}
