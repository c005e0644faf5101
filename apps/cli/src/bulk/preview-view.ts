import type { Output } from "@pombo/sdk";
import { grouped, span } from "../terminal/bar.ts";
import { oneLine, table } from "../terminal/table.ts";

export type Preview = Output<"previewBatch">;

const ERRORS_SHOWN = 10;
const ROWS_SHOWN = 5;
const LONGEST_TEXT = 100;

/** What a person reads before saying yes. */
export function previewText(preview: Preview, name: string, now: number): string {
  return [
    headOf(preview, name),
    ...errorsOf(preview),
    ...samplesOf(preview),
    forecastOf(preview, now),
    ...preview.warnings.map(({ message }) => `! ${oneLine(message)}`),
  ].join("\n");
}

function headOf(preview: Preview, name: string): string {
  const { rows, complete, accepted, cold } = preview;
  const read = complete ? `${grouped(rows)} rows` : `the first ${grouped(rows)} rows of more`;
  const left = (["invalid", "duplicate", "suppressed"] as const).filter(
    (kind) => preview[kind] > 0,
  );
  const told = left.map((kind) => `${grouped(preview[kind])} ${kind}`);
  const chats = cold === 0 ? "" : ` (${grouped(cold)} to people without a living conversation)`;
  return `${name}: ${read}\n  ${[`${grouped(accepted)} to send${chats}`, ...told].join(", ")}`;
}

function errorsOf({ errors }: Preview): string[] {
  const shown = errors
    .slice(0, ERRORS_SHOWN)
    .map(({ line, value, message }) => `  line ${line}: ${oneLine(message)}${valueOf(value)}`);
  return errors.length > ERRORS_SHOWN ? [...shown, "  …"] : shown;
}

function valueOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return ` (${cut(oneLine(typeof value === "string" ? value : JSON.stringify(value)))})`;
}

function samplesOf({ sample }: Preview): string[] {
  if (sample.length === 0) return [];
  const rows = sample
    .slice(0, ROWS_SHOWN)
    .map(({ to, international, text, on_whatsapp: on }) => [
      international ?? to,
      on === "no" ? "not on WhatsApp" : "",
      cut(oneLine(text ?? "")),
    ]);
  return ["", table(["TO", "", "TEXT"], rows), ""];
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
}

const SPEEDS = {
  paced: "by the pace that is set",
  measured: "by what was measured lately",
  assumed: "if it sends one message a second",
} as const;

function forecastOf({ forecast }: Preview, now: number): string {
  const { finishes_at: at, speed, unsent } = forecast;
  const lost = unsent === 0 ? "" : `; ${grouped(unsent)} rows would not have left by then`;
  if (at === null) return `When it would be done can't be foreseen${lost}.`;
  const left = span(Math.max(0, Date.parse(at) - now));
  return `It would be done in ${left} (${at}), ${SPEEDS[speed]}${lost}.`;
}
