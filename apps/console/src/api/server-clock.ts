/** How far the server's clock is ahead of this machine's, in ms. */
let ahead = 0;

/** Notes a time of the server; the answer is taken to be made halfway between asking and hearing. */
export function noteServerTime(instant: string, asked: number, heard: number): void {
  const at = Date.parse(instant);
  if (!Number.isNaN(at)) ahead = at - (asked + heard) / 2;
}

/** ms since the epoch, by the server's clock: what countdowns and ages are counted by. */
export function serverNow(): number {
  return Date.now() + ahead;
}
