/**
 * Between any two of these the process may die; tests make it die right there. At `asked`, before anything is accepted, a defect is met
 * instead.
 */
export const FAULT_POINTS = [
  "asked",
  "media_kept",
  "claimed",
  "accepted",
  "lane_added",
  "answered",
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Says that a point is reached. */
export type Reach = (point: FaultPoint) => void;

export function isFaultPoint(text: string): text is FaultPoint {
  return FAULT_POINTS.some((point) => point === text);
}

/** Dies when the fault is reached for the first time, as a power cut would: nothing is closed, nothing is written. */
export function faultPoint(fault: FaultPoint | undefined, die: () => void): Reach {
  return (point) => {
    if (point !== fault) return;
    if (point === "asked") throw new Error("a defect that was asked for");
    die();
  };
}
