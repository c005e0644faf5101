const COUNT = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAYS = 24 * HOUR;

/** Exact: "3,912", never "4k". */
export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** "1 message", "3,912 messages". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "600 ms", "2.1 s", "4 min", "2 h 10 min", "3 d 4 h". */
export function formatDuration(ms: number): string {
  const rest = Math.max(0, ms);
  if (rest < SECOND) return `${Math.round(rest)} ms`;
  if (rest < 10 * SECOND) return `${(Math.floor(rest / 100) / 10).toString()} s`;
  if (rest < MINUTE) return `${Math.floor(rest / SECOND)} s`;
  if (rest < HOUR) return pair(rest, { size: MINUTE, unit: "min" }, { size: SECOND, unit: "s" });
  if (rest < DAYS) return pair(rest, { size: HOUR, unit: "h" }, { size: MINUTE, unit: "min" });
  return pair(rest, { size: DAYS, unit: "d" }, { size: HOUR, unit: "h" });
}

interface Part {
  readonly size: number;
  readonly unit: string;
}

/** The smaller part only while it says something: nobody needs the seconds of a quarter of an hour. */
function pair(ms: number, large: Part, small: Part): string {
  const whole = Math.floor(ms / large.size);
  const rest = Math.floor((ms % large.size) / small.size);
  const first = `${whole} ${large.unit}`;
  return rest === 0 || (small.unit === "s" && whole >= 10)
    ? first
    : `${first} ${rest} ${small.unit}`;
}

/** "3 s ago", "in 4 min" within an hour; else local, of 24 hours: "14:02:11", and the day when it isn't today. */
export function formatTime(at: number, now: number): string {
  const away = at - now;
  if (Math.abs(away) < SECOND) return "now";
  if (Math.abs(away) < HOUR) {
    const long = Math.abs(away);
    const text =
      long < MINUTE ? `${Math.floor(long / SECOND)} s` : `${Math.floor(long / MINUTE)} min`;
    return away < 0 ? `${text} ago` : `in ${text}`;
  }
  const clock = CLOCK.format(at);
  return DAY.format(at) === DAY.format(now) ? clock : `${DAY.format(at)} ${clock}`;
}

/** "14:02:31" */
export function formatClock(at: number): string {
  return CLOCK.format(at);
}

export function formatFullTime(at: number): string {
  return FULL.format(at);
}

/** What is left, for a countdown: "0:42", "12:05", "1:02:03". Never negative. */
export function formatCountdown(ms: number): string {
  const left = Math.max(0, Math.ceil(ms / SECOND));
  const seconds = String(left % 60).padStart(2, "0");
  const minutes = Math.floor(left / 60) % 60;
  const hours = Math.floor(left / 3_600);
  if (hours === 0) return `${minutes}:${seconds}`;
  return `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
}

/** "0.4 %" */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const share = (100 * part) / whole;
  return `${share >= 10 || share === 0 ? Math.round(share) : share.toFixed(1)} %`;
}
