export interface Share {
  readonly done: number;
  readonly total: number;
}

const WIDEST = 40;
const NARROWEST = 10;

/** `[██████░░░░]  60 % 600/1,000` and what else is told, as wide as there is room: the bar goes first, then what stands behind. */
export function bar({ done, total }: Share, columns: number, told: readonly string[] = []): string {
  const part = total === 0 ? 0 : Math.min(1, done / total);
  const facts = [`${percent(part)} ${grouped(done)}/${grouped(total)}`, ...told];
  while (facts.length > 1 && facts.join("  ").length > columns) facts.pop();
  const text = facts.join("  ");
  const room = Math.min(WIDEST, columns - text.length - 3);
  if (room < NARROWEST) return text;
  const full = Math.floor(part * room);
  return `[${"█".repeat(full)}${"░".repeat(room - full)}] ${text}`;
}

/** Only what is whole is 100 %. */
function percent(part: number): string {
  return `${String(Math.floor(part * 100)).padStart(3)} %`;
}

/** @example 1,234,567 */
export function grouped(number: number): string {
  return number.toLocaleString("en-US");
}

/** @example 2 h 05 min */
export function span(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${twoDigits(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
