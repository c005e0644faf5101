import type { Output } from "@pombo/sdk";
import { counted, formatCount, formatTime } from "../../ui/format.ts";

export type Preview = Output<"previewBatch">;

/** How many would go, when that is done, how many would not. `whole`: all of the file was looked at. */
export function previewVerdict(preview: Preview, whole: boolean, now: number): string {
  const { accepted, rows, forecast } = preview;
  const out = preview.invalid + preview.duplicate + preview.suppressed;
  const of = whole ? counted(rows, "row") : `the first ${counted(rows, "row")}`;
  if (accepted === 0) return `None of ${of} would be sent.`;
  const end =
    forecast.finishes_at === null
      ? "Nobody can say when that is done"
      : `Done ${formatTime(Date.parse(forecast.finishes_at), now)}`;
  const speed = forecast.speed === "assumed" ? ", at one message a second, which is a guess" : "";
  const rest = out === 0 ? "" : ` ${formatCount(out)} ${out === 1 ? "is" : "are"} left out.`;
  return `${formatCount(accepted)} of ${of} would be sent. ${end}${speed}.${rest}`;
}
