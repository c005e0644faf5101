import { formatCountdown, formatFullTime } from "./format.ts";
import { useNow } from "./use-now.ts";

interface CountdownProps {
  /** When, by the server's clock. */
  readonly until: string;
  /** What stands there once it is over. */
  readonly due?: string;
  readonly testId?: string;
}

/**
 * How long until then; never negative. Not told to screen readers as it counts: they read the moment. A timer is silent by itself; with
 * `aria-live` written out it would stay in their tree under a dialog, and without the row around it.
 */
export function Countdown({ until, due = "due now", testId }: CountdownProps) {
  const left = Date.parse(until) - useNow();
  return (
    <time
      dateTime={until}
      title={formatFullTime(Date.parse(until))}
      role="timer"
      data-testid={testId}
      data-value={Math.max(0, left)}
    >
      {left <= 0 ? due : formatCountdown(left)}
    </time>
  );
}
