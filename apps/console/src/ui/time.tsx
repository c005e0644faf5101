import { formatFullTime, formatTime } from "./format.ts";
import { useNow } from "./use-now.ts";

/** A moment: relative within an hour, else local of 24 hours; in full on focus and under the pointer. */
export function Time({ at, testId }: { readonly at: string; readonly testId?: string }) {
  const now = useNow();
  const ms = Date.parse(at);
  const full = formatFullTime(ms);
  return (
    <time dateTime={at} title={full} data-testid={testId} data-value={at}>
      {formatTime(ms, now)}
    </time>
  );
}
