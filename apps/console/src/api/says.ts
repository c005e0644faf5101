import { PomboError } from "@pombo/sdk";

/** What a failed call tells a person: what went wrong, field by field where Pombo says so. */
export function says(error: unknown): string {
  if (error instanceof PomboError) {
    if (error.code === "NO_ANSWER")
      return "Pombo has not answered. Check that it runs, then try again.";
    const fields = error.validation.map((entry) => entry.message);
    if (fields.length > 0) return `${fields.join(". ")}.`;
    return `${error.detail.replace(/\.$/, "")} (${error.code}).`;
  }
  const text = error instanceof Error ? error.message : "it failed, for a reason that is not known";
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
