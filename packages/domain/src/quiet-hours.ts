/** When a recipient sleeps, on the recipient's clock. `from` after `to` spans midnight; equal means never. */
export interface QuietHours {
  /** `HH:MM`, 24 hours */
  readonly from: string;
  readonly to: string;
  /** IANA name; absent: by the country code of the number. */
  readonly timezone?: string;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

/** Until when the recipient sleeps, ms since the epoch; 0 when awake. */
export function quietUntil(now: number, quiet: QuietHours, timezone: string): number {
  const from = minutesOf(quiet.from);
  const to = minutesOf(quiet.to);
  const isAsleep = (local: number): boolean =>
    from <= to ? local >= from && local < to : local >= from || local < to;
  const local = localMinutes(now, timezone);
  if (!isAsleep(local)) return 0;
  const minute = now - (now % MINUTE_MS);
  const left = (to - local + DAY_MINUTES) % DAY_MINUTES;
  const guess = minute + left * MINUTE_MS;
  // A change of the clock in between moves the end: look at the clock there.
  const drift = (to - localMinutes(guess, timezone) + DAY_MINUTES) % DAY_MINUTES;
  const shift = drift > DAY_MINUTES / 2 ? drift - DAY_MINUTES : drift;
  let end = Math.max(minute, guess + shift * MINUTE_MS);
  // The clock may leave the end out: then they end when it has passed it.
  while (isAsleep(localMinutes(end, timezone))) end += MINUTE_MS;
  return end;
}

/** True for a name that this runtime knows. */
export function isTimezone(name: string): boolean {
  try {
    clock(name);
    return true;
  } catch {
    return false;
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  clocks.set(timezone, made);
  return made;
}

function localMinutes(at: number, timezone: string): number {
  return minutesOf(clock(timezone).format(at));
}

function minutesOf(text: string): number {
  const [hours, minutes] = text.split(":");
  return Number(hours) * 60 + Number(minutes);
}
