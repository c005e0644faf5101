import type { Device } from "./device.ts";

type Pace = Device["pace"];

/** What of a pace is a number, with what a person calls it. */
export const PACE_FIELDS = [
  { name: "per_minute", label: "Messages a minute at most" },
  { name: "gap_ms", label: "Shortest time between two messages, ms" },
  { name: "jitter_ms", label: "Up to so much more, by chance, ms" },
  { name: "recipient_gap_ms", label: "Shortest time between two messages to one recipient, ms" },
  { name: "daily_cap", label: "Messages a day at most" },
  { name: "cold_daily_cap", label: "Of these, to new chats" },
] as const;

export type PaceField = (typeof PACE_FIELDS)[number]["name"];
export type PaceTexts = Readonly<Record<PaceField, string>>;

export function textsOf(pace: Pace): PaceTexts {
  const entries = PACE_FIELDS.map(({ name }) => [name, String(pace[name] ?? "")]);
  return Object.fromEntries(entries) as PaceTexts;
}

export type ReadPace =
  | { readonly kind: "pace"; readonly pace: Pace }
  | { readonly kind: "refused"; readonly errors: Readonly<Partial<Record<PaceField, string>>> };

/** An empty field leaves the value to the installation; what stands in no field stays as it is. */
export function readPace(texts: PaceTexts, before: Pace): ReadPace {
  const wrong = PACE_FIELDS.filter(({ name }) => !/^[0-9]{0,9}$/.test(texts[name].trim()));
  if (wrong.length > 0) {
    const entries = wrong.map(({ name }) => [name, "A whole number, or nothing."]);
    return {
      kind: "refused",
      errors: Object.fromEntries(entries) as Partial<Record<PaceField, string>>,
    };
  }
  const given = PACE_FIELDS.filter(({ name }) => texts[name].trim() !== "");
  const numbers = Object.fromEntries(given.map(({ name }) => [name, Number(texts[name])]));
  return {
    kind: "pace",
    pace: { ...numbers, ...(before.warm_up === undefined ? {} : { warm_up: before.warm_up }) },
  };
}
