import type { Priority } from "./priority.ts";
import type { Settings } from "./settings.ts";

/** Why nothing is sent to somebody: `manual`: we decided so; `opt_out`: he asked for it. */
export const SUPPRESSION_REASONS = ["manual", "opt_out"] as const;

export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

/** Does it stop messages of this priority? What somebody asked for himself, like a one-time password, goes to people who opted out. */
export function stops(
  reason: SuppressionReason,
  priority: Priority,
  settings: Pick<Settings, "opt_out_spares_otp">,
): boolean {
  return reason === "manual" || priority !== "otp" || settings.opt_out_spares_otp === 0;
}

/** Whoever writes nothing but one of these opts out, when nothing else is configured. */
export const OPT_OUT_KEYWORDS: readonly string[] = [
  "stop",
  "unsubscribe",
  "parar",
  "pare",
  "sair",
  "descadastrar",
  "baja",
  "cancelar suscripción",
];

/** The list of a configuration, separated by commas; empty: nobody opts out by writing. */
export function readKeywords(text: string): readonly string[] {
  return text
    .split(",")
    .map(folded)
    .filter((word) => word !== "");
}

/** True when the whole text, but for case and the space around it, is one of the keywords. `keywords` are folded, as {@link readKeywords} does. */
export function isOptOut(text: string, keywords: readonly string[]): boolean {
  return keywords.includes(folded(text));
}

function folded(text: string): string {
  return text.normalize("NFC").trim().toLowerCase();
}
