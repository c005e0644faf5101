import type { Limits } from "./limits.ts";

/** Counts frames and bytes of one socket in windows of a second. */
export interface RateMeter {
  allows(bytes: number): boolean;
}

export function openRateMeter(
  limits: Pick<Limits, "framesPerSecond" | "bytesPerSecond">,
  now: () => number = Date.now,
): RateMeter {
  let windowStart = now();
  let frames = 0;
  let bytes = 0;
  return {
    allows(size) {
      const time = now();
      if (time - windowStart >= 1_000) {
        windowStart = time;
        frames = 0;
        bytes = 0;
      }
      frames += 1;
      bytes += size;
      return frames <= limits.framesPerSecond && bytes <= limits.bytesPerSecond;
    },
  };
}
