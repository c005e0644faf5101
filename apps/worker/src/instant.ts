/**
 * A time by both clocks, ms. The monotonic one may stand still while the machine is suspended, the wall clock may be set: a right
 * that ends is over when either says so.
 */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

export function rightNow(): Instant {
  return { monotonic: performance.now(), wall: Date.now() };
}

/** True while neither clock has reached it. */
export function isBefore(end: Instant): boolean {
  const now = rightNow();
  return now.monotonic < end.monotonic && now.wall < end.wall;
}

export function later({ monotonic, wall }: Instant, ms: number): Instant {
  return { monotonic: monotonic + ms, wall: wall + ms };
}
